import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { codexFolder } from '../sandbox/jail/bubblewrap-arguments.js';

/*
 * Usually the first request of a run fixes the run's model, since Codex sends it before any command can. In a trusted
 * repository, the repository's configuration and programs are earlier. So Codex's default is asked for beforehand.
 */

const run = promisify(execFile);
const MAX_CATALOG_BYTES = 16 * 1024 * 1024;

const Catalog = z.object({
  models: z.array(z.object({ slug: z.string(), priority: z.number(), visibility: z.string() })),
});

let known: Promise<string | null> | undefined;

/** The model that Codex uses when none is named: the first of those in its catalog that are shown. null: not known */
export const defaultModel = (): Promise<string | null> =>
  (known ??= readCatalog().catch(() => {
    known = undefined;
    return null;
  }));

async function readCatalog(): Promise<string | null> {
  const home = await mkdtemp(join(tmpdir(), 'saas-codex-catalog-'));
  try {
    const program = join(codexFolder(), 'bin', 'codex');
    const options = { env: { CODEX_HOME: home }, cwd: home, timeout: 20_000, maxBuffer: MAX_CATALOG_BYTES };
    const { stdout } = await run(program, ['debug', 'models', '--bundled'], options);
    const { models } = Catalog.parse(JSON.parse(stdout));
    const shown = models.filter(({ visibility }) => visibility === 'list');
    return shown.toSorted((a, b) => a.priority - b.priority)[0]?.slug ?? null;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
