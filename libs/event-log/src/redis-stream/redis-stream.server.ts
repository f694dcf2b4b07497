import { setTimeout as delay } from 'node:timers/promises';
import { BaseRpcContext, type CustomTransportStrategy, Server } from '@nestjs/microservices';
import { STREAM_FIELDS } from '@saas-codex/contracts/redis-keys';
import type { Redis } from 'ioredis';
import { lastValueFrom } from 'rxjs';
import type { ZodType } from 'zod';
import { fieldOf } from './entry-field.js';
import { forgetConsumers } from './forget-consumers.js';

/*
 * Nest's transport for a Redis stream with a consumer group: `@EventPattern('<entry type>')` handlers get the
 * entry's parsed JSON, at least once and one after the other.
 *
 *     start ──► own entries that were not acknowledged ──► new ones, for ever
 *                         every CLAIM_EVERY_MS ──► entries, anybody's, that have been pending for CLAIM_IDLE_MS
 *
 *     handler succeeds, no handler, unreadable   acknowledged
 *     handler fails                              tried again ATTEMPTS times, then left pending for the next claim
 *
 * So a crash or a database that is away loses nothing, and an entry that always fails holds nobody up. Handlers
 * must take the same entry twice, and an older one after a newer one.
 */

export interface RedisStreamOptions {
  /** A connection for short commands; the server makes one more for reading. */
  redis: Redis;
  stream: string;
  group: string;
  /** Names this consumer in the group: unlike its siblings' and the same after a restart. */
  consumer: string;
  /** What every entry's JSON must be. */
  schema: ZodType;
  /** How long an entry may be pending before it counts as left behind. */
  claimIdleMs?: number;
}

type Entry = [id: string, fields: string[] | null];

const BLOCK_MS = 5_000;
const COUNT = 100;
const ATTEMPTS = 3;
const FIRST_BACKOFF_MS = 200;
const CLAIM_IDLE_MS = 30_000;
/** A consumer is forgotten when nothing was heard of it for so many times the claim's time: an hour. */
const FORGET_AFTER_CLAIMS = 120;
const RETRY_MS = 500;
const NEW_ENTRIES = '>';

export class RedisStreamServer extends Server implements CustomTransportStrategy {
  override readonly propagatesEventHandlerErrors = true;
  private readonly reader: Redis;
  private readonly claimIdleMs: number;
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  /** Where to read next: own pending entries behind this id, or the new ones. */
  private position = '0';
  private nextClaim = 0;

  constructor(private readonly options: RedisStreamOptions) {
    super();
    this.claimIdleMs = options.claimIdleMs ?? CLAIM_IDLE_MS;
    // A lost XREADGROUP fails at once and is not sent again: what it may have been given is pending and read first.
    this.reader = options.redis.duplicate({
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      socketTimeout: BLOCK_MS + 10_000,
      lazyConnect: true,
    });
    this.reader.on('error', (error) => this.logger.debug?.(`reader connection: ${error.message}`));
  }

  /** Begins to read; the stream and its group need not exist yet, nor Redis be there. */
  listen(callback: () => void): void {
    this.running = this.run();
    callback();
  }

  /** Waits for the handler that is at work; entries that were read but not handled stay pending. */
  async close(): Promise<void> {
    this.stopping.abort();
    this.reader.disconnect();
    await this.running;
  }

  on(): never {
    throw new Error('A Redis stream server has no events of its own.');
  }

  unwrap<T>(): T {
    return this.reader as T;
  }

  private get closed(): boolean {
    return this.stopping.signal.aborted;
  }

  private async run(): Promise<void> {
    while (!this.closed) {
      try {
        await this.createGroup();
        this.position = '0';
        while (!this.closed) await this.readOnce();
      } catch (error) {
        if (this.closed) return;
        this.logger.warn(`reading ${this.options.stream} failed, trying again: ${(error as Error).message}`);
        await this.pause(RETRY_MS);
      }
    }
  }

  private async createGroup(): Promise<void> {
    const { redis, stream, group } = this.options;
    try {
      // From the stream's first entry: what was reported before the group existed counts too.
      await redis.xgroup('CREATE', stream, group, '0', 'MKSTREAM');
    } catch (error) {
      if (!(error as Error).message.startsWith('BUSYGROUP')) throw error;
    }
  }

  private async readOnce(): Promise<void> {
    if (Date.now() >= this.nextClaim) await this.claimLeftBehind();
    const { stream, group, consumer } = this.options;
    const reply = await this.reader.xreadgroup(
      'GROUP',
      group,
      consumer,
      'COUNT',
      COUNT,
      'BLOCK',
      Math.min(BLOCK_MS, this.claimIdleMs),
      'STREAMS',
      stream,
      this.position,
    );
    const entries = reply?.[0]?.[1] ?? [];
    await this.handleAll(entries);
    if (this.position !== NEW_ENTRIES) this.position = entries.at(-1)?.[0] ?? NEW_ENTRIES;
  }

  /** Takes over what a lost consumer has not acknowledged, and once more what failed here; forgets who is long gone. */
  private async claimLeftBehind(): Promise<void> {
    const { redis, stream, group, consumer } = this.options;
    let start = '0-0';
    do {
      const reply = await redis.xautoclaim(stream, group, consumer, this.claimIdleMs, start, 'COUNT', COUNT);
      const [next, entries] = reply as [string, Entry[]];
      await this.handleAll(entries);
      start = next;
    } while (start !== '0-0' && !this.closed);
    await forgetConsumers(redis, stream, group, this.claimIdleMs * FORGET_AFTER_CLAIMS);
    this.nextClaim = Date.now() + this.claimIdleMs;
  }

  private async handleAll(entries: Entry[]): Promise<void> {
    for (const [id, fields] of entries) {
      if (this.closed) return;
      // Without fields: pending, but trimmed from the stream meanwhile.
      if (!fields || (await this.handle(id, fields))) {
        await this.options.redis.xack(this.options.stream, this.options.group, id);
      }
    }
  }

  /** @returns whether the entry is done with. */
  private async handle(id: string, fields: string[]): Promise<boolean> {
    const type = fieldOf(fields, STREAM_FIELDS.type) ?? '';
    if (!this.getHandlerByPattern(type)) return true;
    const parsed = this.options.schema.safeParse(parseJson(fieldOf(fields, STREAM_FIELDS.event) ?? ''));
    if (!parsed.success) {
      this.logger.error(`entry ${id} (${type}) of ${this.options.stream} cannot be read and is left out`);
      return true;
    }
    for (let attempt = 0; attempt < ATTEMPTS && !this.closed; attempt += 1) {
      try {
        await this.handleEvent(type, { pattern: type, data: parsed.data }, new BaseRpcContext([id]));
        return true;
      } catch {
        // Nest's exception handler has logged it.
        await this.pause(FIRST_BACKOFF_MS * 2 ** attempt);
      }
    }
    this.logger.warn(`entry ${id} (${type}) of ${this.options.stream} failed and will be tried again later`);
    return false;
  }

  /** As the base class does it, but waits for the handler's result and throws its error. */
  override async handleEvent(
    pattern: string,
    packet: { pattern: string; data: unknown },
    context: BaseRpcContext,
  ): Promise<void> {
    const handler = this.getHandlerByPattern(pattern);
    if (!handler) return;
    const result = this.transformToObservable(handler(packet.data, context));
    await lastValueFrom(result, { defaultValue: undefined });
  }

  private async pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
