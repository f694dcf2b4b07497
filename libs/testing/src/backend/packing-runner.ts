import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { MAX_PACK_BYTES, PackCommits } from '@saas-codex/contracts/runner-api';

const execute = promisify(execFile);
const SCRIPT = fileURLToPath(new URL('../../../../apps/runner/jail/pack-commits.sh', import.meta.url));

/** How the script says so. */
const NO_COMMIT = 3;

/** Packs commits by the runner's own script, without its jail. */
export async function packCommits(repo: string, { head, without }: PackCommits): Promise<Buffer | null> {
  const env = {
    PATH: process.env.PATH,
    HEAD: head,
    WITHOUT: without.join(' '),
    REPO: repo,
    MAX_BYTES: `${MAX_PACK_BYTES}`,
  };
  const args = ['-e', '-o', 'pipefail', SCRIPT];
  try {
    const { stdout } = await execute('bash', args, { env, maxBuffer: 2 * MAX_PACK_BYTES });
    return Buffer.from(stdout, 'base64');
  } catch (error) {
    if ((error as { code?: unknown }).code === NO_COMMIT) return null;
    throw error;
  }
}

/** What to answer in place of a runner that packs commits. */
type Pack = (repo: string, request: PackCommits) => Promise<Buffer | null>;

/** A runner that accepts every thread, and packs commits. */
export async function startPackingRunner(root: string) {
  const state: { pack: Pack; calls: number } = { pack: packCommits, calls: 0 };
  const server = createServer(async (req, res) => {
    let text = '';
    for await (const chunk of req) text += chunk;
    const thread = /^\/threads\/([^/]+)\/pack$/.exec(req.url ?? '')?.[1];
    res.setHeader('content-type', 'application/json');
    if (thread === undefined) return void res.writeHead(201).end(JSON.stringify({ threadId: 'any' }));
    state.calls++;
    const pack = await state.pack(join(root, thread, 'repo'), PackCommits.parse(JSON.parse(text)));
    res.writeHead(200).end(JSON.stringify({ pack: pack && pack.toString('base64') }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** How often it has packed. */
    calls: () => state.calls,
    /** Answers with something else, for the time of the work. */
    async packing<T>(pack: Pack, work: () => Promise<T>): Promise<T> {
      state.pack = pack;
      try {
        return await work();
      } finally {
        state.pack = packCommits;
      }
    },
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
