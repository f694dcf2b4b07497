import { type EventId, parseEventId } from '@saas-codex/contracts/event-ids';
import { END_FRAME } from '@saas-codex/event-log/sse/event-stream';
import type { Frame } from '@saas-codex/event-log/sse/wire-log';

const FRAME_END = Buffer.from('\n\n');
const ID = Buffer.from('id: ');
const LINE_END = 10;

/** The events that a chunk of an event stream completed. */
interface ChunkEvents {
  /** Whole events as received bytes. Heartbeats and comments are left out, because each process sends its own. */
  frames: Frame[];
  /** Whether the `end` event has arrived. */
  ended: boolean;
}

/** Splits an event stream of the backend into its events. Reads only their ids. */
export class SseFrames {
  private rest: Buffer = Buffer.alloc(0);

  parseChunk(chunk: Buffer): ChunkEvents {
    // An event in several chunks is joined again with each chunk.
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    let searched = Math.max(0, this.rest.length - 1);
    const frames: Frame[] = [];
    let start = 0;
    let ended = false;
    for (;;) {
      const found = bytes.indexOf(FRAME_END, searched);
      if (found < 0) break;
      const frame = bytes.subarray(start, found + FRAME_END.length);
      start = searched = found + FRAME_END.length;
      const id = idOf(frame);
      if (id) frames.push({ id, bytes: frame });
      else ended ||= frame.equals(END_FRAME);
    }
    this.rest = bytes.subarray(start);
    return { frames, ended };
  }
}

/** @returns null for a frame that is not an event of the log */
function idOf(frame: Buffer): EventId | null {
  if (!frame.subarray(0, ID.length).equals(ID)) return null;
  return parseEventId(frame.toString('latin1', ID.length, frame.indexOf(LINE_END)));
}
