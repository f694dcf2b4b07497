import { GIF_SIGNATURES, readGif } from './gif.js';
import { JPEG_SIGNATURE, readJpeg } from './jpeg.js';
import { ImageError, type PlainImage } from './plain-image.js';
import { PNG_SIGNATURE, readPng } from './png.js';
import { isWebp, readWebp } from './webp.js';

/*
 * What people upload is written anew, part by part, before anything shows it:
 *
 *     bytes ─► by their beginning: PNG, JPEG, GIF or WebP, else refused ─► the parts that show the image ─► a new file
 *
 * The pixels stay as they are, bit by bit, and nothing is decoded: libraries that remove metadata do decode, and decoders of
 * images are where attacks begin. So a file that is two things at once (a GIF that is also a script, a PNG with a zip archive
 * behind it) is only an image afterwards, and where and when a photo was taken is gone. Only how it must be turned stays.
 */

/** @throws ImageError with a sentence for a person */
export function readImage(bytes: Buffer): PlainImage {
  const begins = (signature: Buffer) => bytes.subarray(0, signature.length).equals(signature);
  if (begins(PNG_SIGNATURE)) return readPng(bytes);
  if (begins(JPEG_SIGNATURE)) return readJpeg(bytes);
  if (GIF_SIGNATURES.some(begins)) return readGif(bytes);
  if (isWebp(bytes)) return readWebp(bytes);
  throw new ImageError('This is no PNG, JPEG, WebP or GIF. Save the image as one of these, and attach that.');
}
