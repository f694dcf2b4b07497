import type { IncomingMessage } from 'node:http';
import type { ModelRun } from './model-access.js';
import { ModelCallError } from './model-error.js';

/** A long conversation with pictures is much smaller. */
const MAX_REQUEST_BYTES = 32 * 1024 * 1024;
/** For all open calls of a run together. */
const MAX_BUFFERED_BYTES = 2 * MAX_REQUEST_BYTES;
/** Maximum bytes that begin a value, a name or an escape: these make JSON slow to parse and large in memory. */
const MAX_MARKS = 2_000_000;
const INITIAL_CAPACITY_BYTES = 64 * 1024;
const MARKS = new Uint8Array(256);
for (const mark of Buffer.from('[{,:\\')) MARKS[mark] = 1;

const refuse = (status: number, code: string, message: string) =>
  new ModelCallError({ status, message, type: 'invalid_request_error', code }, true);
const tooLarge = () => refuse(413, 'too_large', 'The conversation is too large to send.');
const unreadable = () => refuse(400, 'invalid_json', 'The request to the model is not a JSON object.');

/**
 * Reads the whole body of a call, because it must be checked before any of it is sent.
 * @throws ModelCallError when it is too large or not a JSON object
 */
export async function readRequestBody(req: IncomingMessage, run: ModelRun): Promise<Record<string, unknown>> {
  const encoding = req.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity')
    throw refuse(400, 'unsupported_encoding', 'The model proxy does not accept compressed requests.');
  if (Number(req.headers['content-length'] ?? 0) > MAX_REQUEST_BYTES) throw tooLarge();
  return parseObject(await readBytes(req, run));
}

/** The bytes count as buffered for the run until the call has ended, see `ModelRun.countBufferedBytes`. */
function readBytes(req: IncomingMessage, run: ModelRun): Promise<Buffer> {
  const body = new GrowingBuffer();
  let marks = 0;
  return new Promise((resolve, reject) => {
    req.on('data', (chunk: Buffer) => {
      marks += marksIn(chunk);
      const buffered = run.countBufferedBytes(req, chunk.length);
      const length = body.length + chunk.length;
      if (length <= MAX_REQUEST_BYTES && marks <= MAX_MARKS && buffered <= MAX_BUFFERED_BYTES)
        return body.appendChunk(chunk);
      // Read and drop the rest: the client sends it before it reads the response.
      req.removeAllListeners('data').resume();
      reject(tooLarge());
    });
    req.once('end', () => resolve(body.bytes));
    req.once('error', reject);
    req.once('close', () => reject(new Error('the caller has disconnected')));
  });
}

/** Not a list of chunks, because each chunk costs a hundred bytes, however short it is. */
class GrowingBuffer {
  length = 0;
  private buffer: Buffer = Buffer.allocUnsafe(INITIAL_CAPACITY_BYTES);

  get bytes(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  appendChunk(chunk: Buffer): void {
    const length = this.length + chunk.length;
    if (length > this.buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, 2 * this.buffer.length));
      this.bytes.copy(larger);
      this.buffer = larger;
    }
    chunk.copy(this.buffer, this.length);
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
