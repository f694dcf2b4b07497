import type { IncomingMessage } from 'node:http';
import type { ModelRun } from './model-access.js';
import { ModelCallError } from './model-error.js';

/** A long conversation with pictures stays well below. */
const MAX_REQUEST_BYTES = 32 * 1024 * 1024;
/** Of all calls of a run that are under way. */
const MAX_HELD_BYTES = 2 * MAX_REQUEST_BYTES;
/** Bytes that make JSON slow to parse and large in memory: a value, a name or an escape each. */
const MAX_MARKS = 2_000_000;
const FIRST_ROOM_BYTES = 64 * 1024;
const MARKS = new Uint8Array(256);
for (const mark of Buffer.from('[{,:\\')) MARKS[mark] = 1;

const refuse = (status: number, code: string, message: string) =>
  new ModelCallError({ status, message, type: 'invalid_request_error', code }, true);
const tooLarge = () => refuse(413, 'too_large', 'The conversation is too large to send.');
const unreadable = () => refuse(400, 'invalid_json', 'The request to the model is not a JSON object.');

/**
 * The whole of a call, since all of it has to be seen before any of it is sent.
 * @throws ModelCallError when it is too large, or no JSON object
 */
export async function readRequestBody(req: IncomingMessage, run: ModelRun): Promise<Record<string, unknown>> {
  const encoding = req.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity')
    throw refuse(400, 'unsupported_encoding', 'The model proxy takes requests without compression only.');
  if (Number(req.headers['content-length'] ?? 0) > MAX_REQUEST_BYTES) throw tooLarge();
  return parseObject(await readBytes(req, run));
}

/** What is held counts as the run's until its call has ended, see `ModelRun.hold`. */
function readBytes(req: IncomingMessage, run: ModelRun): Promise<Buffer> {
  const body = new Growing();
  let marks = 0;
  return new Promise((resolve, reject) => {
    req.on('data', (chunk: Buffer) => {
      marks += marksIn(chunk);
      const held = run.hold(req, chunk.length);
      const length = body.length + chunk.length;
      if (length <= MAX_REQUEST_BYTES && marks <= MAX_MARKS && held <= MAX_HELD_BYTES) return body.add(chunk);
      // The rest is read by nobody, and yet stands before the answer.
      req.removeAllListeners('data').resume();
      reject(tooLarge());
    });
    req.once('end', () => resolve(body.bytes));
    req.once('error', reject);
    req.once('close', () => reject(new Error('the caller has gone')));
  });
}

/** Not a list of chunks: each of those costs a hundred bytes, however short it is. */
class Growing {
  length = 0;
  private room: Buffer = Buffer.allocUnsafe(FIRST_ROOM_BYTES);

  get bytes(): Buffer {
    return this.room.subarray(0, this.length);
  }

  add(chunk: Buffer): void {
    const length = this.length + chunk.length;
    if (length > this.room.length) {
      const room = Buffer.allocUnsafe(Math.max(length, 2 * this.room.length));
      this.bytes.copy(room);
      this.room = room;
    }
    chunk.copy(this.room, this.length);
    this.length = length;
  }
}

function marksIn(chunk: Buffer): number {
  let marks = 0;
  for (const byte of chunk) marks += MARKS[byte] ?? 0;
  return marks;
}

function parseObject(bytes: Buffer): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw unreadable();
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unreadable();
  return value as Record<string, unknown>;
}
