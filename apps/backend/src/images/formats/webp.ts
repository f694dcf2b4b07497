import { ByteReader, checkSize, damaged, MAX_PARTS, type PlainImage } from './plain-image.js';

const RIFF = 'RIFF';
const WEBP = 'WEBP';
/** In the flags of VP8X: it announces Exif data, and XMP. */
const METADATA_FLAGS = 0x08 | 0x04;
const FRAME_HEAD_BYTES = 16;
/** What may stand in an animation's frame, and what at the top: no Exif data, no XMP, nothing of a program's own. */
const IN_FRAME = new Set(['ALPH', 'VP8 ', 'VP8L']);
const AT_TOP = new Set([...IN_FRAME, 'VP8X', 'ICCP', 'ANIM', 'ANMF']);

interface Chunk {
  name: string;
  body: Buffer;
}
interface Size {
  width: number;
  height: number;
}

export const isWebp = (bytes: Buffer): boolean =>
  bytes.toString('latin1', 0, 4) === RIFF && bytes.toString('latin1', 8, 12) === WEBP;

/** @throws ImageError */
export function readWebp(bytes: Buffer): PlainImage {
  const reader = new ByteReader(bytes);
  // What follows the end that the head names is no part of the image.
  const whole = new ByteReader(reader.take(8) && reader.take(bytes.readUInt32LE(4)));
  whole.take(WEBP.length);
  const chunks = takeChunks(whole, AT_TOP);
  const [first] = chunks;
  const canvas = first?.name === 'VP8X' ? extendedSize(first.body) : null;
  const frames = chunks.flatMap(framesIn);
  const [frame] = frames;
  if (!first || !frame || (canvas === null && chunks.length !== 1)) throw damaged();
  if (chunks.some(({ name }, at) => name === 'VP8X' && at > 0)) throw damaged();
  const { width, height } = canvas ?? frame;
  if (canvas && frames.some((one) => one.width > width || one.height > height)) throw damaged();
  const body = Buffer.concat([Buffer.from(WEBP), ...chunks.map((chunk) => toBytes(plain(chunk)))]);
  return { type: 'image/webp', width, height, bytes: toBytes({ name: RIFF, body }) };
}

function takeChunks(reader: ByteReader, kept: ReadonlySet<string>): Chunk[] {
  const chunks: Chunk[] = [];
  while (reader.left > 0) {
    if (chunks.length === MAX_PARTS) throw damaged();
    const head = reader.take(8);
    const body = reader.take(head.readUInt32LE(4));
    // Some programs leave out the last byte that makes the length even.
    if (body.length % 2 === 1 && reader.left > 0) reader.take(1);
    const name = head.toString('latin1', 0, 4);
    if (kept.has(name)) chunks.push({ name, body });
  }
  return chunks;
}

/** The sizes of the frames that a chunk at the top has. */
function framesIn({ name, body }: Chunk): Size[] {
  if (name === 'VP8 ') return [lossySize(body)];
  if (name === 'VP8L') return [losslessSize(body)];
  if (name !== 'ANMF') return [];
  return chunksOfFrame(body).flatMap(framesIn);
}

function chunksOfFrame(body: Buffer): Chunk[] {
  const reader = new ByteReader(body);
  reader.take(FRAME_HEAD_BYTES);
  return takeChunks(reader, IN_FRAME);
}

/** The chunk without metadata in it, and without flags that announce some. */
function plain({ name, body }: Chunk): Chunk {
  if (name === 'ANMF') {
    const inner = chunksOfFrame(body).map(toBytes);
    return { name, body: Buffer.concat([body.subarray(0, FRAME_HEAD_BYTES), ...inner]) };
  }
  if (name !== 'VP8X') return { name, body };
  const flags = Buffer.from([body.readUInt8() & ~METADATA_FLAGS]);
  return { name, body: Buffer.concat([flags, body.subarray(1, 10)]) };
}

function toBytes({ name, body }: Chunk): Buffer {
  const head = Buffer.alloc(8);
  head.write(name, 'latin1');
  head.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
}

const checked = (size: Size): Size => {
  checkSize(size.width, size.height);
  return size;
};

function extendedSize(body: Buffer): Size {
  if (body.length < 10) throw damaged();
  return checked({ width: body.readUIntLE(4, 3) + 1, height: body.readUIntLE(7, 3) + 1 });
}

function lossySize(body: Buffer): Size {
  if (body.length < 10 || body.readUIntBE(3, 3) !== 0x9d012a) throw damaged();
  return checked({ width: body.readUInt16LE(6) & 0x3fff, height: body.readUInt16LE(8) & 0x3fff });
}

function losslessSize(body: Buffer): Size {
  if (body.length < 5 || body.readUInt8() !== 0x2f) throw damaged();
  const bits = body.readUInt32LE(1);
  return checked({ width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 });
}
