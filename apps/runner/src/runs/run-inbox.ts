import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { REDIS_KEYS, RUN_COMMAND_CHANNEL } from '@saas-codex/contracts/redis-keys';
import { AnyRunCommand, RunCommand, RunCommandNotice } from '@saas-codex/contracts/run-commands';
import { fieldOf } from '@saas-codex/event-log/redis-stream/stream-entry';
import { Redis } from 'ioredis';
import { Jail } from '../sandbox/jail/jail.js';

/*
 * Commands to a run reach the runner that holds it, also when they were sent before the run started.
 *
 *     sendCommand ──XADD──► codex:run:<id>:inbox ◄──reads── the holder: at the start, on every notice, and every second
 *                 └─PUBLISH─► codex:run-commands ──notice──► every runner
 *
 * Both happen in one step. The stream is the truth; the notice makes it fast, and the poll covers a notice that was lost.
 */

/** Longer than any run waits or works. */
const EXPIRY_SECONDS = 7 * 24 * 60 * 60;
/** A cancelled run leaves no process after 2 s, also when the notice was lost. */
const POLL_MS = 1_000;
const COMMAND_FIELD = 'command';
const BEFORE_FIRST = '0-0';

/*
 * Appends a command, unless one with its id is there, and announces it in any case.
 *
 * Input:  KEYS[1] inbox
 *         ARGV[1] id of the command    ARGV[2] command JSON    ARGV[3] seconds until the inbox expires
 *         ARGV[4] channel    ARGV[5] notice JSON
 */
const SEND_1 = `
local sent = false
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '-', '+')) do
  if entry[2][2] == ARGV[1] then sent = true end
end
if not sent then redis.call('XADD', KEYS[1], '*', 'id', ARGV[1], '${COMMAND_FIELD}', ARGV[2]) end
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('PUBLISH', ARGV[4], ARGV[5])`;

type OnCommand = (command: RunCommand) => void;

@Injectable()
export class RunInbox implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(RunInbox.name);
  private readonly readers = new Map<string, InboxReader>();
  private readonly ignoredTypes = new Set<string>();
  private readonly subscriber: Redis;
  private poll: NodeJS.Timeout | undefined;

  constructor(
    private readonly redis: Redis,
    private readonly jail: Jail,
  ) {
    this.subscriber = redis.duplicate({ lazyConnect: true, maxRetriesPerRequest: null });
    // The shared connection reports outages.
    this.subscriber.on('error', () => undefined);
    this.subscriber.on('message', (_, message: string) => this.onNotice(message));
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.subscriber.subscribe(RUN_COMMAND_CHANNEL);
    this.poll = setInterval(() => this.readers.forEach((reader) => reader.read()), POLL_MS);
  }

  /** Not before: runs hear commands during the grace period, too. */
  onApplicationShutdown(): void {
    clearInterval(this.poll);
    this.subscriber.disconnect();
  }

  /** Sends a command to a run, which may not have started yet. Repeating it with the same id changes nothing. */
  async sendCommand(runId: string, command: RunCommand): Promise<void> {
    const notice: RunCommandNotice = { run_id: runId, type: command.type };
    await this.redis.eval(
      SEND_1,
      1,
      REDIS_KEYS.runInbox(runId),
      command.id,
      JSON.stringify(command),
      EXPIRY_SECONDS,
      RUN_COMMAND_CHANNEL,
      JSON.stringify(notice),
    );
  }

  async hasCancel(runId: string): Promise<boolean> {
    return (await this.commands(runId)).some(({ type }) => type === 'cancel');
  }

  /** Every command that was sent to the run. */
  async commands(runId: string): Promise<RunCommand[]> {
    const entries = await readAfter(this.redis, runId, BEFORE_FIRST);
    return entries.flatMap(({ json }) => this.parseCommand(json) ?? []);
  }

  /**
   * Hands over all commands to a run that this runner holds, each once and in order, from the first one on.
   * @returns ends that
   */
  openInbox(runId: string, onCommand: OnCommand): () => void {
    const reader = new InboxReader(this.redis, runId, (json) => {
      const command = this.parseCommand(json);
      if (command !== null) onCommand(command);
    });
    this.readers.set(runId, reader);
    reader.read();
    return () => {
      reader.close();
      this.readers.delete(runId);
    };
  }

  /** To be called when the run has ended and its log refuses another start. */
  async removeInbox(runId: string): Promise<void> {
    // Otherwise it expires.
    await this.redis.unlink(REDIS_KEYS.runInbox(runId)).catch(() => undefined);
  }

  private onNotice(message: string): void {
    const notice = RunCommandNotice.safeParse(parseJson(message)).data;
    if (!notice) return;
    const reader = this.readers.get(notice.run_id);
    if (reader) return reader.read();
    // A runner that was killed may have left processes on this machine, of a run that Redis has forgotten since.
    if (notice.type === 'cancel')
      this.jail.endRun(notice.run_id).catch((error: unknown) =>
        this.logger.error({
          message: `processes cannot be ended: ${String(error)}`,
          run_id: notice.run_id,
        }),
      );
  }

  private parseCommand(json: string): RunCommand | null {
    const value = parseJson(json);
    const command = RunCommand.safeParse(value).data;
    if (command) return command;
    const type = AnyRunCommand.safeParse(value).data?.type ?? 'unreadable';
    if (!this.ignoredTypes.has(type))
      this.logger.warn(`ignored a command of the type ${JSON.stringify(type)}`);
    this.ignoredTypes.add(type);
    return null;
  }
}

/** Reads one inbox, one read after the other. */
class InboxReader {
  private lastId = BEFORE_FIRST;
  private reading = false;
  private again = false;
  private closed = false;

  constructor(
    private readonly redis: Redis,
    private readonly runId: string,
    private readonly onJson: (json: string) => void,
  ) {}

  /** A failed read is repeated by the poll. */
  read(): void {
    this.again = true;
    if (this.reading) return;
    this.reading = true;
    void this.readNew()
      .catch(() => undefined)
      .finally(() => (this.reading = false));
  }

  close(): void {
    this.closed = true;
  }

  private async readNew(): Promise<void> {
    while (this.again && !this.closed) {
      this.again = false;
      for (const { id, json } of await readAfter(this.redis, this.runId, this.lastId)) {
        if (this.closed) return;
        this.lastId = id;
        this.onJson(json);
      }
    }
  }
}

async function readAfter(redis: Redis, runId: string, id: string): Promise<{ id: string; json: string }[]> {
  const entries = await redis.xrange(REDIS_KEYS.runInbox(runId), `(${id}`, '+');
  return entries.map(([entryId, fields]) => ({ id: entryId, json: fieldOf(fields, COMMAND_FIELD) ?? '' }));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
