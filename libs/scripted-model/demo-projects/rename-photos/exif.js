const EXIF = Buffer.from('Exif\0\0');
const EXIF_FOLDER = 0x8769;
const DATE_TAKEN = 0x9003;

/**
 * Reads when a JPEG photo was taken.
 * @param {Buffer} file
 * @returns {string | null} such as `2024:05:17 08:30:05`; null if the photo does not say
 */
export function dateTaken(file) {
  const block = exifBlock(file);
  if (!block) return null;
  const isLittle = block.toString('latin1', 0, 2) === 'II';
  const u16 = (at) => (isLittle ? block.readUInt16LE(at) : block.readUInt16BE(at));
  const u32 = (at) => (isLittle ? block.readUInt32LE(at) : block.readUInt32BE(at));
  /** Each entry has 12 bytes: tag, type, count, and the value or its position. */
  const find = (folder, tag) => {
    for (let n = 0; n < u16(folder); n++) {
      const entry = folder + 2 + 12 * n;
      if (u16(entry) === tag) return u32(entry + 8);
    }
    return null;
  };
  try {
    const folder = find(u32(4), EXIF_FOLDER);
    const date = folder && find(folder, DATE_TAKEN);
    return date ? block.toString('latin1', date, date + 19) : null;
  } catch (error) {
    // The file is cut off, or its positions lead nowhere.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** The part of a JPEG that describes it. */
function exifBlock(file) {
  if (file.length < 4 || file.readUInt16BE(0) !== 0xffd8) return null;
  let at = 2;
  while (at + 4 <= file.length && file[at] === 0xff) {
    const end = at + 2 + file.readUInt16BE(at + 2);
    const isExif = file[at + 1] === 0xe1 && file.subarray(at + 4, at + 10).equals(EXIF);
    if (isExif) return file.subarray(at + 10, end);
    at = end;
  }
  return null;
}
