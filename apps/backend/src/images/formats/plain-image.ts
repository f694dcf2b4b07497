import { type ImageType, MAX_IMAGE_PIXELS, MAX_IMAGE_SIDE } from '@saas-codex/contracts/images';

/** An image without anything that is not needed to show it. */
export interface PlainImage {
  type: ImageType;
  /** In pixels, as it is shown. */
  width: number;
  height: number;
  bytes: Buffer;
}

/** The bytes are no image that we take. The message is a sentence for a person, with what to do. */
export class ImageError extends Error {
  override name = 'ImageError';
}

export const damaged = () =>
  new ImageError('The image is damaged or incomplete. Save it again as PNG or JPEG, and attach that.');

/** What a decoder would have to make room for. @throws ImageError */
export function checkSize(width: number, height: number): void {
  if (width === 0 || height === 0) throw damaged();
  if (width > MAX_IMAGE_SIDE || height > MAX_IMAGE_SIDE || width * height > MAX_IMAGE_PIXELS)
    throw new ImageError(
      `The image has ${width} × ${height} pixels. At most ${MAX_IMAGE_PIXELS / 1_000_000} million are possible, and ` +
        `${MAX_IMAGE_SIDE} on a side. Make it smaller.`,
    );
}

/** Reads from the beginning to the end, and never beyond it. */
export class ByteReader {
  private position = 0;

  constructor(private readonly bytes: Buffer) {}

  get left(): number {
    return this.bytes.length - this.position;
  }

  /** @throws ImageError when there are fewer */
  take(count: number): Buffer {
    if (count > this.left) throw damaged();
    this.position += count;
    return this.bytes.subarray(this.position - count, this.position);
  }

  takeByte(): number {
    return this.take(1).readUInt8();
  }

  get at(): number {
    return this.position;
  }

  /** What was taken from this position on. */
  since(start: number): Buffer {
    return this.bytes.subarray(start, this.position);
  }

  /** The bytes before the next one that matches. @throws ImageError when none does */
  takeUntil(matches: (position: number) => boolean): Buffer {
    for (let at = this.position; at < this.bytes.length; at++) {
      if (matches(at)) return this.take(at - this.position);
    }
    throw damaged();
  }
}

/** More than any camera or program writes. Each costs memory, however short it is. */
export const MAX_PARTS = 50_000;

/** What becomes the new file, in order. */
export class Parts {
  private readonly parts: Buffer[] = [];

  /** @throws ImageError when there are too many */
  add(...parts: Buffer[]): void {
    if (this.parts.push(...parts) > MAX_PARTS) throw damaged();
  }

  join(): Buffer {
    return Buffer.concat(this.parts);
  }
}
