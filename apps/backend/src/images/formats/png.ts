import { crc32 } from 'node:zlib';
import { ByteReader, checkSize, damaged, Parts, type PlainImage } from './plain-image.js';

export const PNG_SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

/** Without texts (tEXt, zTXt, iTXt), Exif data (eXIf), times, and whatever programs add for themselves. */
const KEPT = new Set('IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP cICP sBIT pHYs acTL fcTL fdAT'.split(' '));
const NAME = /^[A-Za-z]{4}$/;
/** An upper-case letter at the beginning of its name: who does not know the chunk cannot show the image. */
const CRITICAL = /^[A-Z]/;

/** @throws ImageError */
export function readPng(bytes: Buffer): PlainImage {
  const reader = new ByteReader(bytes);
  const parts = new Parts();
  parts.add(reader.take(PNG_SIGNATURE.length));
  let size: { width: number; height: number } | null = null;
  for (let name = '', hasData = false; name !== 'IEND';) {
    const start = reader.at;
    const head = reader.take(8);
    name = head.toString('latin1', 4);
    const body = reader.take(head.readUInt32BE());
    const sum = reader.take(4);
    if (!NAME.test(name) || (size === null) !== (name === 'IHDR')) throw damaged();
    if (!KEPT.has(name)) {
      if (CRITICAL.test(name)) throw damaged();
      continue;
    }
    if (crc32(body, crc32(head.subarray(4))) !== sum.readUInt32BE()) throw damaged();
    if (name === 'IHDR') size = sizeIn(body);
    if (name === 'IDAT') hasData = true;
    if (name === 'IEND' && !hasData) throw damaged();
    parts.add(reader.since(start));
  }
  if (size === null) throw damaged();
  // What follows the end is no part of the image.
  return { type: 'image/png', ...size, bytes: parts.join() };
}

function sizeIn(header: Buffer): { width: number; height: number } {
  if (header.length !== 13) throw damaged();
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  checkSize(width, height);
  return { width, height };
}
