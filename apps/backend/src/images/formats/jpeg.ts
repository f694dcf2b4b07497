import { ByteReader, checkSize, damaged, Parts, type PlainImage } from './plain-image.js';

export const JPEG_SIGNATURE = Buffer.from([0xff, 0xd8, 0xff]);

const MARKER = { app0: 0xe0, app1: 0xe1, app2: 0xe2, app14: 0xee, start: 0xd8, end: 0xd9, scan: 0xda };
/** Baseline, extended and progressive: those that browsers show. */
const FRAMES = new Set([0xc0, 0xc1, 0xc2]);
/** Tables of Huffman codes and of quantisation, and the restart interval. */
const TABLES = new Set([0xc4, 0xdb, 0xdd]);
/** Previews, comments, Exif data (where, when and with what it was taken), and what programs add for themselves. */
const DROPPED = (marker: number) => (marker >= 0xe0 && marker <= 0xef) || marker === 0xfe;

/** Exif data with one field, the orientation. Its value is 8 bytes before the end. */
const ORIENTATION = Buffer.concat([
  Buffer.from('Exif\0\0MM', 'latin1'),
  Buffer.from([0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]),
]);

interface Size {
  width: number;
  height: number;
}

/** @throws ImageError */
export function readJpeg(bytes: Buffer): PlainImage {
  const reader = new ByteReader(bytes);
  reader.take(2);
  const parts = new Parts();
  let size: Size | null = null;
  let orientation = 1;
  let hasScan = false;
  for (;;) {
    const marker = takeMarker(reader);
    if (marker === MARKER.end) break;
    const body = reader.take(lengthOf(reader));
    if (marker === MARKER.app1) orientation = orientationIn(body) ?? orientation;
    const kept = DROPPED(marker) ? keptPartOf(marker, body) : body;
    if (kept === null) continue;
    if (FRAMES.has(marker)) {
      if (size !== null) throw damaged();
      size = sizeIn(body);
    } else if (marker === MARKER.scan) {
      if (size === null) throw damaged();
      hasScan = true;
    } else if (!TABLES.has(marker) && !DROPPED(marker)) throw damaged();
    parts.add(segment(marker, kept));
    if (marker === MARKER.scan) parts.add(takeScan(reader, bytes));
  }
  if (size === null || !hasScan) throw damaged();
  const [start, end] = [Buffer.from([0xff, MARKER.start]), Buffer.from([0xff, MARKER.end])];
  const turned = orientation === 1 ? [] : [segment(MARKER.app1, withOrientation(orientation))];
  // What follows the end is no part of the image. Telephones put previews and films there.
  return {
    type: 'image/jpeg',
    ...(orientation >= 5 ? { width: size.height, height: size.width } : size),
    bytes: Buffer.concat([start, ...turned, parts.join(), end]),
  };
}

/** Any number of bytes FF may precede a marker. */
function takeMarker(reader: ByteReader): number {
  if (reader.takeByte() !== 0xff) throw damaged();
  let marker = reader.takeByte();
  while (marker === 0xff) marker = reader.takeByte();
  return marker;
}

function lengthOf(reader: ByteReader): number {
  const length = reader.take(2).readUInt16BE();
  if (length < 2) throw damaged();
  return length - 2;
}

function segment(marker: number, body: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([head, body]);
}

/** In the data of a scan, FF is followed by 00 or by a restart marker. */
function takeScan(reader: ByteReader, bytes: Buffer): Buffer {
  return reader.takeUntil((at) => {
    if (bytes[at] !== 0xff) return false;
    const next = bytes[at + 1];
    return next !== undefined && next !== 0 && !(next >= 0xd0 && next <= 0xd7);
  });
}

function sizeIn(frame: Buffer): Size {
  if (frame.length < 6) throw damaged();
  const [height, width] = [frame.readUInt16BE(1), frame.readUInt16BE(3)];
  checkSize(width, height);
  return { width, height };
}

/** The density without its preview, colour profiles, and how Adobe's programs encode colours. */
function keptPartOf(marker: number, body: Buffer): Buffer | null {
  const begins = (text: string) => body.subarray(0, text.length).equals(Buffer.from(text, 'latin1'));
  if (marker === MARKER.app0 && begins('JFIF\0') && body.length >= 14)
    return Buffer.concat([body.subarray(0, 12), Buffer.alloc(2)]);
  if (marker === MARKER.app2 && begins('ICC_PROFILE\0')) return body;
  return marker === MARKER.app14 && begins('Adobe') && body.length >= 12 ? body.subarray(0, 12) : null;
}

/** How the image must be turned, 1 to 8, from Exif data. null: it does not say. */
function orientationIn(body: Buffer): number | null {
  const order = body.toString('latin1', 0, 8);
  if (order !== 'Exif\0\0II' && order !== 'Exif\0\0MM') return null;
  const tiff = body.subarray(6);
  const isLittle = order.endsWith('II');
  const short = (at: number) => (isLittle ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  if (tiff.length < 8) return null;
  const directory = isLittle ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4);
  if (directory + 2 > tiff.length) return null;
  for (let entry = directory + 2, left = short(directory); left > 0; entry += 12, left--) {
    if (entry + 12 > tiff.length) return null;
    if (short(entry) !== 0x0112) continue;
    const value = short(entry + 8);
    return value >= 1 && value <= 8 ? value : null;
  }
  return null;
}

function withOrientation(value: number): Buffer {
  const body = Buffer.from(ORIENTATION);
  body.writeUInt16BE(value, body.length - 8);
  return body;
}
