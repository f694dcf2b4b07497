import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../../../../scripts/lib/ports.mjs';
import { createDatabase, startPostgres } from '../../../../scripts/lib/postgres.mjs';
import { startRedis } from '../../../../scripts/lib/redis.mjs';
import { run } from '../../../../scripts/lib/run.mjs';
import { createPostgresFolder } from '../postgres-template.js';
import { waitFor } from '../wait-for.js';

const APPEND_ONLY = 'appendonlydir';

/** Redis as in production, on its own port, with the faults of a store. */
export class FaultyRedis {
  kills = 0;
  /** A direct connection, without a proxy. */
  readonly direct: Redis;
  /** Folders of servers that a replica has replaced. */
  private readonly former: string[] = [];

  private constructor(
    readonly port: number,
    private folder: string,
    private readonly mounted: boolean,
    private server: Awaited<ReturnType<typeof startRedis>>,
  ) {
    this.direct = new Redis(server.url, { maxRetriesPerRequest: null, retryStrategy: () => 100 });
    this.direct.on('error', () => undefined);
  }

  /** @param diskMb puts its data on a separate disk of this size, which requires root */
  static async start({ diskMb }: { diskMb?: number } = {}): Promise<FaultyRedis> {
    const folder = await mkdtemp(join(tmpdir(), 'saas-codex-faults-redis-'));
    if (diskMb !== undefined) await run('mount', ['-t', 'tmpfs', '-o', `size=${diskMb}m`, 'tmpfs', folder]);
    const port = await freePort();
    return new FaultyRedis(port, folder, diskMb !== undefined, await startRedis({ folder, port }));
  }

  async kill(): Promise<void> {
    const exited = once(this.server.process, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    this.server.process.kill('SIGKILL');
    const [, signal] = await exited;
    if (signal !== 'SIGKILL') throw new Error('Redis was not killed');
    this.kills++;
  }

  /** Keeps a copy of its present data on disk. */
  async rememberDisk(): Promise<void> {
    await rm(this.remembered, { recursive: true, force: true });
    await cp(join(this.folder, APPEND_ONLY), this.remembered, { recursive: true });
  }

  /** Starts it with its data, with no data (`empty`), or with the data of `rememberDisk` (`remembered`). */
  async restart({ empty = false, remembered = false } = {}): Promise<void> {
    if (empty || remembered) await rm(join(this.folder, APPEND_ONLY), { recursive: true, force: true });
    if (remembered) await cp(this.remembered, join(this.folder, APPEND_ONLY), { recursive: true });
    this.server = await startRedis({ folder: this.folder, port: this.port });
  }

  /** A replica takes over in its place. It may lack the last writes, since replication does not wait. */
  async failOver(): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'saas-codex-faults-redis-'));
    const replica = await startRedis({ folder, port: await freePort() });
    const redis = new Redis(replica.url);
    await redis.replicaof('127.0.0.1', this.port);
    await waitFor(async () => (await redis.info('replication')).includes('master_link_status:up'), {
      what: 'the replica',
    });
    await this.kill();
    await redis.replicaof('NO', 'ONE');
    await redis.config('SET', 'port', this.port);
    redis.disconnect();
    this.former.push(this.folder);
    this.folder = folder;
    this.server = replica;
  }

  private get remembered(): string {
    return join(this.folder, 'remembered');
  }

  /** Makes it refuse writes. @returns its error message for a write */
  async leaveNoMemory(): Promise<string> {
    await this.direct.config('SET', 'maxmemory', '1mb');
    return this.refusal();
  }

  async giveMemory(): Promise<void> {
    await this.direct.config('SET', 'maxmemory', '0');
  }

  /** Fills its disk. @returns its error message for a write */
  async fillDisk(): Promise<string> {
    const zeros = Buffer.alloc(1024 * 1024);
    await writeFile(join(this.folder, 'filler'), zeros);
    for (;;) {
      const full = await writeFile(join(this.folder, 'filler'), zeros, { flag: 'a' }).then(
        () => false,
        () => true,
      );
      if (full) break;
    }
    // The current page has room for a little more; then the append-only file fails.
    for (let tried = 0; tried < 1_000; tried++) {
      const refusal = await this.refusal('x'.repeat(4_096));
      if (refusal !== '') return refusal;
    }
    return '';
  }

  async freeDisk(): Promise<void> {
    await rm(join(this.folder, 'filler'));
  }

  async stop(): Promise<void> {
    this.direct.disconnect();
    await this.server.stop();
    const folders = [...this.former, this.folder];
    if (this.mounted) await run('umount', [folders[0] ?? this.folder]);
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  }

  private refusal(value = '1'): Promise<string> {
    return this.direct.set('faults:probe', value).then(
      () => '',
      (error: unknown) => (error as Error).message,
    );
  }
}

/** PostgreSQL that syncs its commits and can be ended like a crashed process. */
export class FaultyPostgres {
  kills = 0;

  private constructor(
    readonly port: number,
    /** A direct connection, without a proxy. */
    readonly url: string,
    private readonly folder: string,
    private readonly password: string,
    private server: Awaited<ReturnType<typeof startPostgres>>,
  ) {}

  static async start(): Promise<FaultyPostgres> {
    const folder = await mkdtemp(join(tmpdir(), 'saas-codex-faults-postgres-'));
    const password = await createPostgresFolder(join(folder, 'data'));
    const port = await freePort();
    const server = await startPostgres({ folder: join(folder, 'data'), port, password, settings: SETTINGS });
    return new FaultyPostgres(port, await createDatabase(server.url, 'faults'), folder, password, server);
  }

  /** `pg_ctl stop -m immediate`: no checkpoint; the next start recovers from the log. */
  async kill(): Promise<void> {
    const exited = once(this.server.process, 'exit');
    this.server.process.kill('SIGQUIT');
    await exited;
    this.kills++;
  }

  async restart(): Promise<void> {
    const { folder, port, password } = this;
    this.server = await startPostgres({ folder: join(folder, 'data'), port, password, settings: SETTINGS });
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

const SETTINGS = { max_connections: '100' };
