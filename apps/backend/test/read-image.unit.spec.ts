import { crc32 } from 'node:zlib';
import { IMAGE_TYPES, type ImageType } from '@saas-codex/contracts/images';
import { SAMPLE_IMAGES } from '@saas-codex/testing/sample-images';
import { ImageError } from '../src/images/formats/plain-image.js';
import { readImage } from '../src/images/formats/read-image.js';

/** What must not survive: where a photo was taken, and a page that a browser could be made to open. */
const SECRET = 'GPS 52.5200 N 13.4050 E <script>alert(1)</script>';

const { 'image/png': png, 'image/jpeg': jpeg, 'image/webp': webp, 'image/gif': gif } = SAMPLE_IMAGES;

function pngChunk(name: string, body: Buffer | string): Buffer {
  const text = Buffer.concat([Buffer.from(name, 'latin1'), Buffer.from(body)]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(text.length - 4);
  sum.writeUInt32BE(crc32(text));
  return Buffer.concat([length, text, sum]);
}
/** After the header, which has 25 bytes behind the signature. */
const inPng = (...chunks: Buffer[]) => Buffer.concat([png.subarray(0, 33), ...chunks, png.subarray(33)]);

function jpegSegment(marker: number, body: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([head, body]);
}
const inJpeg = (...segments: Buffer[]) => Buffer.concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2)]);
/** Little-endian, with a text before the orientation, as cameras write it. */
function exif(orientation: number): Buffer {
  const body = Buffer.alloc(38 + SECRET.length);
  body.write('Exif\0\0II*\0', 'latin1');
  body.writeUInt32LE(8, 10);
  body.writeUInt16LE(2, 14);
  body.writeUInt16LE(0x010e, 16);
  body.writeUInt16LE(0x0112, 28);
  body.writeUInt16LE(3, 30);
  body.writeUInt16LE(orientation, 36);
  body.write(SECRET, 38, 'latin1');
  return jpegSegment(0xe1, body);
}

function webpChunk(name: string, body: Buffer | string): Buffer {
  const content = Buffer.from(body);
  const head = Buffer.alloc(8);
  head.write(name, 'latin1');
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content, Buffer.alloc(content.length % 2)]);
}
function withMetadataInWebp(): Buffer {
  const inner = Buffer.from(webp.subarray(12));
  inner.writeUInt8(0x08 | 0x04, 8);
  const parts = [Buffer.from('WEBP'), inner, webpChunk('EXIF', SECRET), webpChunk('XMP ', SECRET)];
  return webpChunk('RIFF', Buffer.concat(parts));
}

const gifExtension = (label: number, text: string): Buffer =>
  Buffer.concat([Buffer.from([0x21, label, text.length]), Buffer.from(text), Buffer.from([0])]);
const inGif = (...blocks: Buffer[]) => Buffer.concat([gif.subarray(0, 19), ...blocks, gif.subarray(19)]);

describe('an image that is uploaded', () => {
  it.each(IMAGE_TYPES)('is known by its content: %s', (type) => {
    const size = type === 'image/gif' ? { width: 1, height: 1 } : { width: 6, height: 4 };
    expect(readImage(SAMPLE_IMAGES[type])).toMatchObject({ type, ...size });
  });

  it.each(IMAGE_TYPES)('stays the same, bit by bit, where there is nothing to drop: %s', (type) => {
    expect(readImage(SAMPLE_IMAGES[type]).bytes).toEqual(SAMPLE_IMAGES[type]);
  });

  it.each<[string, ImageType, Buffer]>([
    [
      'texts and Exif data',
      'image/png',
      inPng(pngChunk('tEXt', SECRET), pngChunk('eXIf', SECRET), pngChunk('prVt', SECRET)),
    ],
    [
      'comments, XMP and a program’s own',
      'image/jpeg',
      inJpeg(...[0xfe, 0xe1, 0xed].map((one) => jpegSegment(one, Buffer.from(SECRET)))),
    ],
    ['Exif data and XMP', 'image/webp', withMetadataInWebp()],
    [
      'comments, texts and a program’s own',
      'image/gif',
      inGif(
        gifExtension(0xfe, SECRET),
        gifExtension(0x01, SECRET),
        gifExtension(0xff, `XMP DataXMP${SECRET}`),
      ),
    ],
  ])('loses %s: %s', (_, type, bytes) => {
    expect(bytes.includes(SECRET)).toBe(true);
    expect(readImage(bytes).bytes).toEqual(SAMPLE_IMAGES[type]);
  });

  it.each(IMAGE_TYPES)('loses what follows its end, where another file may begin: %s', (type) => {
    const polyglot = Buffer.concat([SAMPLE_IMAGES[type], Buffer.from(`PK\x03\x04${SECRET}`)]);
    expect(readImage(polyglot).bytes).toEqual(SAMPLE_IMAGES[type]);
  });

  it('keeps how a photo must be turned, and nothing else of its Exif data', () => {
    const { bytes, width, height } = readImage(inJpeg(exif(6)));
    expect([width, height]).toEqual([4, 6]);
    expect(bytes.includes(SECRET)).toBe(false);
    expect(bytes.toString('latin1', 6, 14)).toBe('Exif\0\0MM');
    // Once more, it reads its own Exif data.
    expect(readImage(bytes)).toEqual({ type: 'image/jpeg', width: 4, height: 6, bytes });
    expect(readImage(inJpeg(exif(1))).bytes).toEqual(jpeg);
    expect(readImage(inJpeg(exif(9))).bytes).toEqual(jpeg);
  });

  it.each([
    ['SVG', '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'],
    ['HTML', '<!doctype html><script>alert(1)</script>'],
    ['PDF', '%PDF-1.7'],
    ['BMP', 'BM000000'],
    ['HEIC', '\0\0\0\x18ftypheic'],
    ['AVIF', '\0\0\0\x18ftypavif'],
    ['nothing', ''],
  ])('is refused when it is %s', (_, text) => {
    expect(() => readImage(Buffer.from(text, 'latin1'))).toThrow('no PNG, JPEG, WebP or GIF');
  });

  it.each(IMAGE_TYPES)('is refused when it is cut off, anywhere: %s', (type) => {
    const whole = SAMPLE_IMAGES[type];
    for (let length = 0; length < whole.length; length++)
      expect(() => readImage(whole.subarray(0, length))).toThrow(ImageError);
  });

  it.each(IMAGE_TYPES)('never breaks the reader, whichever of its bytes is changed: %s', (type) => {
    for (let at = 0; at < SAMPLE_IMAGES[type].length; at++) {
      for (const change of [0xff, 0x80, 0x01]) {
        const bytes = Buffer.from(SAMPLE_IMAGES[type]);
        bytes.writeUInt8(bytes.readUInt8(at) ^ change, at);
        try {
          expect(readImage(bytes).bytes.length).toBeLessThanOrEqual(bytes.length + 64);
        } catch (error) {
          if (!(error instanceof ImageError)) throw error;
        }
      }
    }
  });

  const header = (width: number, height: number) => {
    const body = Buffer.from(png.subarray(16, 29));
    body.writeUInt32BE(width);
    body.writeUInt32BE(height, 4);
    return Buffer.concat([png.subarray(0, 8), pngChunk('IHDR', body), png.subarray(33)]);
  };
  const frame = (width: number, height: number) => {
    const bytes = Buffer.from(gif);
    bytes.writeUInt16LE(width, 32);
    bytes.writeUInt16LE(height, 34);
    return bytes;
  };
  it.each<[string, Buffer]>([
    ['a small PNG that unpacks to gigabytes', header(16_000, 16_000)],
    ['a PNG that is too wide', header(100_000, 1)],
    ['a GIF with a frame far larger than itself', frame(65_535, 65_535)],
  ])('is refused when it is %s', (_, bytes) => {
    expect(() => readImage(bytes)).toThrow(/pixels\. At most 40 million are possible/);
  });

  it('is refused when it is a WebP whose canvas is smaller than what is in it', () => {
    const bytes = Buffer.from(webp);
    bytes.writeUIntLE(0, 24, 3);
    expect(() => readImage(bytes)).toThrow(ImageError);
  });

  it('is refused when it consists of endlessly many parts', () => {
    const parts = Array.from({ length: 60_000 }, () => pngChunk('IDAT', ''));
    expect(() => readImage(inPng(...parts))).toThrow(ImageError);
  });
});
