import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { LineSplitter } from './line-splitter.js';
import { MessageQueue } from './message-queue.js';
import {
  type Answer,
  type Message,
  type Notification,
  NOTIFICATIONS,
  type NotificationMethod,
  type Params,
  type Question,
  type QuestionMethod,
  QUESTIONS,
  readMessage,
  type RequestMethod,
  type Result,
  RESULTS,
} from './messages.js';

/*
 * Speaks with one `codex app-server`: a JSON message per line, in both directions.
 *
 *     request ──{ id, method, params }──► Codex ──{ id, result | error }──────► the promise of the request
 *                                               ──{ method, params }─────────┬► messages(), in order
 *                                               ──{ id, method, params }─────┘
 *     answer ───{ id, result }──────────►
 *
 * Codex obeys whoever speaks to it: `fs/readFile` reads any file, `thread/shellCommand` runs anything. So requests are limited
 * to the methods in `RESULTS`. Notifications of kinds that we do not use are ignored, and messages that cannot be read are counted.
 */

/** What Codex can be told not to send: much, often, and not read here. */
const UNREAD_NOTIFICATIONS = [
  'account/rateLimits/updated',
  'item/reasoning/textDelta',
  'thread/readState/changed',
  'turn/diff/updated',
];
const CLIENT = { name: 'saas-codex', title: null, version: '1' };

/** JSON-RPC: the request is not possible now. */
const INVALID_REQUEST = -32600;
const METHOD_NOT_FOUND = -32601;
/** Codex's own code. */
const OVERLOADED = -32001;
const RETRY_DELAYS_MS = [50, 100, 200, 400, 800, 1_600];

const MAX_STDERR = 4_000;
/** After Codex has exited, what others still hold open of its output is not waited for. */
const CLOSE_TIMEOUT_MS = 1_000;
/** How long Codex may take to exit by itself. */
const EXIT_TIMEOUT_MS = 1_000;

/** How to start Codex. */
interface AppServerLaunch {
  program: string;
  /** Its whole environment. */
  environment: Record<string, string>;
  /** Settings, each `key=<TOML value>`. */
  settings: string[];
}

/** Codex refused a request. */
export class AppServerRefusal extends Error {
  override readonly name = 'AppServerRefusal';

  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }

  /** The request does not fit what Codex is doing. */
  get isInvalid(): boolean {
    return this.code === INVALID_REQUEST;
  }
}

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

export class AppServerClient {
  private readonly lines = new LineSplitter();
  private readonly queue: MessageQueue<Notification | Question>;
  private readonly pending = new Map<number, Pending>();
  /** Resolves when Codex has exited. */
  readonly exited: Promise<void>;
  private lastId = 0;
  private stderr = '';
  private failure: Error | null = null;
  private unreadable = 0;

  private constructor(private readonly child: ChildProcessWithoutNullStreams) {
    this.queue = new MessageQueue(child.stdout);
    child.on('error', () => undefined);
    // Codex may exit before it has read everything.
    child.stdin.on('error', () => undefined);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-MAX_STDERR);
    });
    child.stdout.on('data', (chunk: Buffer) => this.onOutput(chunk));
    this.exited = new Promise((resolve) => {
      child.once('exit', () => {
        const timeout = setTimeout(() => child.stdout.destroy(), CLOSE_TIMEOUT_MS);
        child.once('close', () => clearTimeout(timeout));
      });
      child.once('close', (code, signal) => {
        const how = signal ? `signal ${signal}` : `code ${code}`;
        this.end(new Error(`Codex exited with ${how}: ${this.stderr.trim()}`));
        resolve();
      });
    });
  }

  /**
   * Starts Codex and agrees on the protocol.
   * @throws Error when it cannot be started or exits
   */
  static async start({ program, environment, settings }: AppServerLaunch): Promise<AppServerClient> {
    const args = ['app-server', ...settings.flatMap((setting) => ['--config', setting])];
    const child = spawn(program, args, { env: environment });
    await once(child, 'spawn');
    const client = new AppServerClient(child);
    try {
      const capabilities = {
        experimentalApi: true,
        requestAttestation: false,
        optOutNotificationMethods: UNREAD_NOTIFICATIONS,
      };
      await client.request('initialize', { clientInfo: CLIENT, capabilities });
      client.send({ method: 'initialized' });
      return client;
    } catch (error) {
      client.kill();
      throw error;
    }
  }

  /** Requests can be answered. */
  get isAlive(): boolean {
    return this.failure === null;
  }

  /** How many messages were not what `protocol.ts` says. */
  get unreadableCount(): number {
    return this.unreadable;
  }

  /**
   * Repeats the request while Codex is overloaded.
   * @throws AppServerRefusal
   * @throws Error when Codex exits before it answers, or the method is not one of those that we send
   */
  async request<M extends RequestMethod>(method: M, params: Params<M>): Promise<Result<M>> {
    if (!Object.hasOwn(RESULTS, method)) throw new Error(`The method ${method} is not allowed.`);
    for (let attempt = 0; ; attempt += 1) {
      try {
        return RESULTS[method].parse(await this.ask(method, params)) as Result<M>;
      } catch (error) {
        const pause = RETRY_DELAYS_MS[attempt];
        const isOverloaded = error instanceof AppServerRefusal && error.code === OVERLOADED;
        if (!isOverloaded || pause === undefined) throw error;
        await delay(pause);
      }
    }
  }

  /** Answers a question of Codex. */
  answer<M extends QuestionMethod>(id: Question['id'], result: Answer<M>): void {
    this.send({ id, result });
  }

  /**
   * What Codex says and asks. To be read once.
   * @throws OutputLimitError
   * @throws Error when Codex has exited
   */
  messages(): AsyncIterable<Notification | Question> {
    return this.queue;
  }

  /** Lets Codex finish, and kills it if it takes its time. */
  async close(): Promise<void> {
    this.child.stdin.end();
    this.queue.discard();
    const timeout = setTimeout(() => this.kill(), EXIT_TIMEOUT_MS);
    await this.exited;
    clearTimeout(timeout);
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  private ask(method: string, params: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.failure) return reject(this.failure);
      const id = ++this.lastId;
      this.pending.set(id, { resolve, reject });
      this.send({ id, method, params });
    });
  }

  private send(message: object): void {
    if (this.child.stdin.writable) this.child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  private onOutput(chunk: Buffer): void {
    if (this.failure) return;
    try {
      for (const line of this.lines.push(chunk)) this.onLine(line);
    } catch (error) {
      this.end(error as Error);
      this.kill();
    }
  }

  private onLine(line: string): void {
    const message = readMessage(line);
    if (message === undefined) this.unreadable += 1;
    else if (message.method === undefined) this.onAnswer(message);
    else if (message.id === undefined) this.onNotification(message.method, message.params, line.length);
    else this.onQuestion(message.method, message.id, message.params, line.length);
  }

  private onAnswer({ id, result, error }: Message): void {
    const pending = typeof id === 'number' ? this.pending.get(id) : undefined;
    if (typeof id !== 'number' || !pending) return void (this.unreadable += 1);
    this.pending.delete(id);
    if (error) pending.reject(new AppServerRefusal(error.code, error.message));
    else pending.resolve(result);
  }

  private onNotification(method: string, params: unknown, size: number): void {
    if (!Object.hasOwn(NOTIFICATIONS, method)) return;
    const read = NOTIFICATIONS[method as NotificationMethod].safeParse(params).data;
    if (read === undefined) this.unreadable += 1;
    else this.queue.push({ method, params: read } as Notification, size);
  }

  private onQuestion(method: string, id: Question['id'], params: unknown, size: number): void {
    const isKnown = Object.hasOwn(QUESTIONS, method);
    const read = isKnown ? QUESTIONS[method as QuestionMethod].safeParse(params).data : undefined;
    if (read !== undefined) return this.queue.push({ method, id, params: read } as Question, size);
    // Otherwise Codex would wait forever.
    this.send({ id, error: { code: METHOD_NOT_FOUND, message: 'This client does not answer that.' } });
  }

  private end(error: Error): void {
    if (this.failure) return;
    this.failure = error;
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
    this.queue.fail(error);
  }
}
