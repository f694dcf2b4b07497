import { BEFORE_FIRST_EVENT, compareEventIds, type EventId } from '@saas-codex/contracts/event-ids';

/*
 * A log as the bytes that clients receive. Frames (whole SSE events) lie in pages. A client is a place in a page, always
 * between two frames; it gets the rest of that page next, without a copy.
 *
 *     first                                          last
 *     [frame frame frame] ─► [frame frame frame] ─► [frame frame ……free……]
 *                                       ▲ place of a client        ▲ end
 *
 * Only the end of the log is kept, the window. A client that is before the window reads from the source until it is in it.
 */

/** Size of the window, which all clients share. */
const WINDOW_BYTES = 4 * 1024 * 1024;
const SMALLEST_PAGE = 8 * 1024;
const LARGEST_PAGE = 64 * 1024;

export interface Frame {
  id: EventId;
  bytes: Uint8Array;
  /** The one reader who may have it; undefined: all. An encoding leaves it out for the others. */
  privateTo?: string | undefined;
}

/** Makes other bytes of frames, for clients that get them in another form. Called once for all clients at one place. */
export type Encoding = (frames: readonly Frame[]) => Buffer;

interface Page {
  readonly bytes: Buffer;
  /** Position of the page's first byte in the log. */
  readonly start: number;
  /** Id of the last frame before this page. */
  readonly after: EventId;
  filled: number;
  /** Ids of the frames, and where in the page each ends. */
  readonly ids: EventId[];
  readonly ends: number[];
  /** `privateTo` of each. */
  readonly privateTo: (string | undefined)[];
  next: Page | null;
}

interface Slice {
  page: Page;
  from: number;
  to: number;
  bytes: Buffer;
}

/** Where a client stands. */
export interface Place {
  page: Page;
  offset: number;
}

export class WireLog {
  private first: Page;
  private last: Page;
  /** The slices that were read last, in each form: clients at the same place share them. */
  private readonly slices = new WeakMap<object, Slice>();

  /** @param startsAfter id of the entry before the first one that will be appended. */
  constructor(startsAfter: EventId = BEFORE_FIRST_EVENT) {
    this.first = this.last = newPage(SMALLEST_PAGE, 0, startsAfter);
  }

  /** Id of the last frame before the window. */
  get startsAfter(): EventId {
    return this.first.after;
  }

  get lastId(): EventId {
    return this.last.ids.at(-1) ?? this.last.after;
  }

  appendFrame({ id, bytes, privateTo }: Frame): void {
    const page = this.pageFor(bytes.length);
    page.bytes.set(bytes, page.filled);
    page.filled += bytes.length;
    page.ids.push(id);
    page.ends.push(page.filled);
    page.privateTo.push(privateTo);
  }

  /** Begins the window anew. Clients that stand before it read what is in between from the source. */
  restartAfter(id: EventId): void {
    // Not where the last page ends: an empty one would still count as within the window.
    this.first = this.last = newPage(SMALLEST_PAGE, this.end + 1, id);
  }

  private pageFor(length: number): Page {
    const { last } = this;
    if (last.filled + length <= last.bytes.length) return last;
    const size = Math.max(length, Math.min(last.bytes.length * 2, LARGEST_PAGE));
    this.last = last.next = newPage(size, last.start + last.filled, this.lastId);
    while (this.first.next && this.end - this.first.next.start > WINDOW_BYTES) this.first = this.first.next;
    return this.last;
  }

  /** The place after the frame `after`, or why the window has none. */
  find(after: EventId): Place | 'earlier' | 'later' {
    if (compareEventIds(after, this.startsAfter) < 0) return 'earlier';
    if (compareEventIds(after, this.lastId) > 0) return 'later';
    let page = this.first;
    while (page.next && compareEventIds(after, page.next.after) >= 0) page = page.next;
    const index = page.ids.findLastIndex((id) => compareEventIds(id, after) <= 0);
    return { page, offset: page.ends[index] ?? 0 };
  }

  /** Bytes from `place` to the end of its page, in this form; moves the place there. null at the end of the log. */
  read(place: Place, encode: Encoding | null = null): Buffer | null {
    if (place.offset === place.page.filled && place.page.next) {
      place.page = place.page.next;
      place.offset = 0;
    }
    const { page, offset } = place;
    if (offset === page.filled) return null;
    place.offset = page.filled;
    const last = this.slices.get(encode ?? this);
    if (last?.page === page && last.from === offset && last.to === page.filled) return last.bytes;
    const bytes = encode ? encode(framesFrom(page, offset)) : page.bytes.subarray(offset, page.filled);
    this.slices.set(encode ?? this, { page, from: offset, to: page.filled, bytes });
    return bytes;
  }

  /** Id of the frame before `place`. */
  idBefore({ page, offset }: Place): EventId {
    return page.ids[page.ends.indexOf(offset)] ?? page.after;
  }

  /** Bytes between `place` and the end of the log. */
  lag({ page, offset }: Place): number {
    return this.end - page.start - offset;
  }

  /** False once the page of `place` has left the window: a client should not keep that page in memory for long. */
  isInWindow({ page }: Place): boolean {
    return page.start >= this.first.start;
  }

  private get end(): number {
    return this.last.start + this.last.filled;
  }
}

/** The frames of a page after `offset`, where one of them ends. */
function framesFrom(page: Page, offset: number): Frame[] {
  const first = page.ends.findIndex((end) => end > offset);
  return page.ids.slice(first).map((id, index) => ({
    id,
    bytes: page.bytes.subarray(page.ends[first + index - 1] ?? 0, page.ends[first + index]),
    privateTo: page.privateTo[first + index],
  }));
}

const newPage = (size: number, start: number, after: EventId): Page => ({
  bytes: Buffer.allocUnsafeSlow(size),
  start,
  after,
  filled: 0,
  ids: [],
  ends: [],
  privateTo: [],
  next: null,
});
