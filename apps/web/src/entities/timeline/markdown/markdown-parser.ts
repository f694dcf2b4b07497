import type { MarkdownAnswer, MarkdownMessage, MarkdownRequest } from './markdown.worker.js';

/**
 * Parses texts in a worker, one after the other. Parsers of Markdown take quadratic time for some texts (120 KB of
 * `[a](` take 40 s), so each text has a deadline, and the page never waits:
 *
 *     request(owner, text) ─► queue, the latest text of each owner ─► worker ─► onParsed(blocks)
 *                                                          deadline ─► a new worker, onParsed(null)
 */
export class MarkdownParser {
  private readonly queue = new Map<string, Job>();
  private readonly known = new Map<string, MarkdownAnswer>();
  private knownLength = 0;
  private worker: Worker | null = null;
  private current: Job | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** @param startWorker starts the script `markdown.worker` */
  constructor(private readonly startWorker: () => Worker) {}

  /** Loads the parser before there is a text. */
  prepare(): void {
    this.worker ??= this.start();
  }

  /** What a text was parsed to before; undefined if it was not, or is forgotten. */
  recall({ text, growing }: MarkdownRequest): MarkdownAnswer | undefined {
    return this.known.get(keyOf({ text, growing })) ?? this.known.get(keyOf({ text, growing: !growing }));
  }

  /** Parses the latest text of an owner. One that has been replaced before its turn is not parsed. */
  request(owner: string, job: Job): void {
    const known = this.known.get(keyOf(job));
    if (known !== undefined) return job.onParsed(known);
    this.queue.set(owner, job);
    this.next();
  }

  cancel(owner: string): void {
    this.queue.delete(owner);
  }

  private next(): void {
    if (this.current || this.queue.size === 0) return;
    this.worker ??= this.start();
    const [[owner, job]] = this.queue as unknown as [[string, Job]];
    this.queue.delete(owner);
    this.current = job;
    this.worker.postMessage({ text: job.text, growing: job.growing } satisfies MarkdownRequest);
  }

  private start(): Worker {
    const worker = this.startWorker();
    worker.addEventListener('message', ({ data }: MessageEvent<MarkdownMessage>) => {
      if (data === 'begun') this.timer = setTimeout(() => this.giveUp(), DEADLINE_MS);
      else this.finish(data);
    });
    // The script could not be loaded. The next text tries again.
    worker.addEventListener('error', () => this.giveUp());
    return worker;
  }

  private giveUp(): void {
    this.worker?.terminate();
    this.worker = null;
    this.finish(null);
  }

  private finish(answer: MarkdownAnswer): void {
    clearTimeout(this.timer);
    const job = this.current;
    this.current = null;
    if (job) this.remember(job, answer);
    job?.onParsed(answer);
    this.next();
  }

  private remember(job: Job, answer: MarkdownAnswer): void {
    const key = keyOf(job);
    this.known.set(key, answer);
    this.knownLength += key.length;
    for (const [oldest] of this.known) {
      if (this.knownLength <= KNOWN_LENGTH) break;
      this.known.delete(oldest);
      this.knownLength -= oldest.length;
    }
  }
}

interface Job extends MarkdownRequest {
  /** null: the text is shown as it is */
  onParsed: (answer: MarkdownAnswer) => void;
}

const DEADLINE_MS = 1_000;
/** The characters of texts whose blocks are kept, so that a text that scrolls in again is there at once. */
const KNOWN_LENGTH = 1_000_000;

const keyOf = ({ text, growing }: MarkdownRequest): string => `${growing ? '+' : '='}${text}`;
