const IMAGE = /\.(png|jpe?g|gif|webp)$/i;

/** Whether a browser is shown a file of this name as an image. */
export const isImage = (path: string): boolean => IMAGE.test(path);
