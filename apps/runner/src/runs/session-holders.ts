import { randomUUID } from 'node:crypto';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { REDIS_KEYS, SESSION_HOLDERS_CHANNEL } from '@saas-codex/contracts/redis-keys';
import { Redis } from 'ioredis';
import { z } from 'zod';

/*
 * Which process may have a session's conversation open. Codex refuses a second one, so a run would fail if another runner had
 * prepared its session.
 *
 *     holder = runner ──a run of the session starts──► holder = run ──► it has ended: nobody
 *
 *     prepare:   set if nobody holds it        run:   set in any case, and ask the runner that held it to let go
 *
 * A runner that takes the job of such a run from the queue first offers it to the one that has prepared the session:
 *
 *     A ──offered: job and its lock──► B ── taker = B ──► A drops the job, B has it
 *       ◄──────────answered───────────┘
 *     no answer, or B has no place ───────── taker = A ──► A keeps it
 *
 * The taker's key can be set once, so never both have it, whatever is lost or late.
 *
 * The key of a runner is a short lease, which the runner renews. A runner that can no longer renew it lets go, and the jails of a
 * runner that was killed have ended with it. So a run waits for an answer only a moment.
 */

const LEASE_MS = 15_000;
export const RENEWAL_MS = 5_000;
/** Covers a request to prepare that was sent before the run began. The run itself may take longer. */
const RUN_MS = 60_000;
const ANSWER_TIMEOUT_MS = 1_500;
/** After that, starting anew is faster. */
const OFFER_TIMEOUT_MS = 150;

/* KEYS[1] holder   ARGV[1] its expected value   ARGV[2] ms until it expires; 0: it is removed. Returns whether it had that value. */
const IF_HELD = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then redis.call('DEL', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1`;

/** A run whose job a runner has taken from the queue. */
const RunOffer = z.object({
  session_id: z.string(),
  run_id: z.string(),
  /** Whoever has it can renew the lock of the job and complete it. */
  lock: z.string(),
});
export type RunOffer = z.infer<typeof RunOffer>;

const Notice = z.discriminatedUnion('type', [
  RunOffer.extend({ type: z.literal('offered'), runner: z.string() }),
  z.object({ type: z.literal('answered'), run_id: z.string() }),
  z.object({ type: z.literal('needed'), session_id: z.string(), runner: z.string() }),
  z.object({ type: z.literal('free'), session_id: z.string() }),
]);
type Notice = z.infer<typeof Notice>;

/** What a runner does with runs that others offer. */
interface RunTaker {
  /** Keeps a place for it. @returns false when there is none, or nothing is prepared for it */
  reserve(offer: RunOffer): boolean;
  /** The run is this runner's. */
  take(offer: RunOffer): void;
  /** It is another one's after all. */
  cancel(offer: RunOffer): void;
}

@Injectable()
export class SessionHolders implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(SessionHolders.name);
  private readonly runner = `runner:${randomUUID()}`;
  private readonly waiting = new Map<string, () => void>();
  private readonly subscriber: Redis;
  private letGo: (sessionId: string) => Promise<void> = async () => undefined;
  private offers: RunTaker = { reserve: () => false, take: () => undefined, cancel: () => undefined };

  constructor(private readonly redis: Redis) {
    this.subscriber = redis.duplicate({ lazyConnect: true, maxRetriesPerRequest: null });
    // The shared connection reports outages.
    this.subscriber.on('error', () => undefined);
    this.subscriber.on('message', (_, message: string) => void this.onNotice(message));
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.subscriber.subscribe(SESSION_HOLDERS_CHANNEL);
  }

  /** @param letGo resolves when nothing here has the session open any more */
  onNeeded(letGo: (sessionId: string) => Promise<void>): void {
    this.letGo = letGo;
  }

  onOffered(offers: RunTaker): void {
    this.offers = offers;
  }

  onApplicationShutdown(): void {
    this.subscriber.disconnect();
  }

  /** @returns whether the runner that has prepared the session has taken over the job. Otherwise it is this runner's for good. */
  async offerRun(offer: RunOffer): Promise<boolean> {
    const { session_id: sessionId, run_id: runId } = offer;
    const holder = await this.redis.get(REDIS_KEYS.sessionHolder(sessionId)).catch(() => null);
    if (!holder?.startsWith('runner:') || holder === this.runner) return false;
    await this.ask(runId, { type: 'offered', runner: holder, ...offer }, OFFER_TIMEOUT_MS);
    return !(await this.decide(runId));
  }

  /** @returns false when another runner or a run holds the session */
  async holdHere(sessionId: string): Promise<boolean> {
    const key = REDIS_KEYS.sessionHolder(sessionId);
    return (await this.redis.set(key, this.runner, 'PX', LEASE_MS, 'NX')) === 'OK';
  }

  /** @returns false when this runner holds the session no longer, or that is not known */
  async renewHere(sessionId: string): Promise<boolean> {
    return this.changeIfHeld(sessionId, this.runner, LEASE_MS).catch(() => false);
  }

  async releaseHere(sessionId: string): Promise<void> {
    await this.changeIfHeld(sessionId, this.runner, 0).catch(() => false);
  }

  /** Resolves when no other runner has the session open. A run starts without Redis, too. */
  async holdForRun(sessionId: string, runId: string): Promise<void> {
    try {
      const key = REDIS_KEYS.sessionHolder(sessionId);
      const before = await this.redis.set(key, holderOf(runId), 'PX', RUN_MS, 'GET');
      if (before?.startsWith('runner:') && before !== this.runner) await this.askFor(sessionId, before);
    } catch (error) {
      this.logger.warn({ message: `the session is not held: ${String(error)}`, run_id: runId });
    }
  }

  async releaseRun(sessionId: string, runId: string): Promise<void> {
    await this.changeIfHeld(sessionId, holderOf(runId), 0).catch(() => false);
  }

  private async askFor(sessionId: string, runner: string): Promise<void> {
    await this.ask(sessionId, { type: 'needed', session_id: sessionId, runner }, ANSWER_TIMEOUT_MS);
  }

  /** @param key what the answer names */
  private async ask(key: string, notice: Notice, timeoutMs: number): Promise<void> {
    const answered = new Promise<void>((resolve) => {
      this.waiting.set(key, resolve);
      setTimeout(resolve, timeoutMs).unref();
    });
    await this.announce(notice);
    await answered;
    this.waiting.delete(key);
  }

  /** @returns whether the run is this runner's */
  private async decide(runId: string): Promise<boolean> {
    return (await this.redis.set(REDIS_KEYS.runTaker(runId), this.runner, 'PX', RUN_MS, 'NX')) === 'OK';
  }

  private async onOffer({ runner, ...offer }: RunOffer & { runner: string }): Promise<void> {
    if (runner !== this.runner) return;
    if (this.offers.reserve(offer)) {
      if (await this.decide(offer.run_id).catch(() => false)) this.offers.take(offer);
      else this.offers.cancel(offer);
    }
    await this.announce({ type: 'answered', run_id: offer.run_id }).catch(() => undefined);
  }

  private async onNotice(message: string): Promise<void> {
    const notice = Notice.safeParse(parseJson(message)).data;
    if (notice?.type === 'offered') return this.onOffer(notice);
    if (notice?.type === 'answered') this.waiting.get(notice.run_id)?.();
    if (notice?.type === 'free') this.waiting.get(notice.session_id)?.();
    if (notice?.type !== 'needed' || notice.runner !== this.runner) return;
    await this.letGo(notice.session_id);
    await this.announce({ type: 'free', session_id: notice.session_id }).catch(() => undefined);
  }

  private async announce(notice: Notice): Promise<void> {
    await this.redis.publish(SESSION_HOLDERS_CHANNEL, JSON.stringify(notice));
  }

  private async changeIfHeld(sessionId: string, holder: string, ms: number): Promise<boolean> {
    return (await this.redis.eval(IF_HELD, 1, REDIS_KEYS.sessionHolder(sessionId), holder, ms)) === 1;
  }
}

const holderOf = (runId: string) => `run:${runId}`;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
