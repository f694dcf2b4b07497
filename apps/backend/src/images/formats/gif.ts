import { ByteReader, checkSize, damaged, Parts, type PlainImage } from './plain-image.js';

export const GIF_SIGNATURES = [Buffer.from('GIF87a'), Buffer.from('GIF89a')];

const BLOCK = { extension: 0x21, frame: 0x2c, end: 0x3b };
const EXTENSION = { control: 0xf9, application: 0xff };

/** @throws ImageError */
export function readGif(bytes: Buffer): PlainImage {
  const reader = new ByteReader(bytes);
  const head = reader.take(13);
  const [width, height] = [head.readUInt16LE(6), head.readUInt16LE(8)];
  checkSize(width, height);
  const parts = new Parts();
  parts.add(head, takeColours(reader, head.readUInt8(10)));
  /** How the next frame is shown. Kept only if it is the next block, as it must be. */
  let control: Buffer[] = [];
  let hasFrame = false;
  for (let kind = reader.takeByte(); kind !== BLOCK.end; kind = reader.takeByte()) {
    if (kind === BLOCK.frame) {
      const frame = reader.take(9);
      checkSize(frame.readUInt16LE(0) + frame.readUInt16LE(4), frame.readUInt16LE(2) + frame.readUInt16LE(6));
      const colours = takeColours(reader, frame.readUInt8(8));
      parts.add(...control, Buffer.from([kind]), frame, colours, reader.take(1), takeBlocks(reader));
      control = [];
      hasFrame = true;
    } else if (kind === BLOCK.extension) {
      const label = reader.takeByte();
      const blocks = takeBlocks(reader);
      const whole = [Buffer.from([kind, label]), blocks];
      // Comments, texts, and what programs add for themselves are left out.
      if (label === EXTENSION.control) control = whole;
      else if (label === EXTENSION.application && isLoop(blocks)) parts.add(...whole);
    } else throw damaged();
  }
  if (!hasFrame) throw damaged();
  // What follows the end is no part of the image.
  return { type: 'image/gif', width, height, bytes: Buffer.concat([parts.join(), Buffer.from([BLOCK.end])]) };
}

/** The table of colours that the flags announce. */
const takeColours = (reader: ByteReader, flags: number): Buffer =>
  reader.take((flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1));

/** Blocks of up to 255 bytes, each with its length before it, and the empty one that ends them. */
function takeBlocks(reader: ByteReader): Buffer {
  const start = reader.at;
  for (let length = reader.takeByte(); length > 0; length = reader.takeByte()) reader.take(length);
  return reader.since(start);
}

/** How often the frames are repeated. */
const isLoop = (blocks: Buffer): boolean =>
  blocks.length === 17 && blocks.toString('latin1', 1, 12) === 'NETSCAPE2.0' && blocks[12] === 3;
