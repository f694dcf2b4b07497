import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { capture } from '../lib/run.mjs';
import { loadAverage } from './costs.mjs';
import { interleaved, medians } from './medians.mjs';
import { GIT_ENVIRONMENT, makeRepository, startGitServer } from './servers/git.mjs';
import { startProduct } from './servers/product.mjs';

const REPOSITORY = 'long.git';

/**
 * A session on a repository that the tenant has used before, compared with a plain clone. Each uses a new folder, and
 * nothing is removed in between, since that would slow the next checkout down.
 * @param {import('./questions.mjs').Bench} bench
 */
export async function sessions({ root, folder: parent, rounds }) {
  const folder = join(parent, 'sessions');
  const origins = join(folder, 'origins');
  mkdirSync(origins, { recursive: true });
  await makeRepository(join(origins, REPOSITORY));
  const git = await startGitServer(origins);
  const product = await startProduct(root, join(folder, 'product'), { GIT_TRUSTED_HOSTS: git.host }).catch(
    async (error) => {
      await git.stop();
      throw error;
    },
  );
  try {
    const session = async () => {
      const startedAt = performance.now();
      const { session_id: id = '', status } = await product.api('sessions', {
        repo_url: git.url(REPOSITORY),
      });
      if (status !== 'ready') throw new Error(`A session is ${status}.`);
      return measured(startedAt, join(product.workspaces, id));
    };
    let clones = 0;
    const clone = async () => {
      const target = join(folder, `clone-${++clones}`);
      const startedAt = performance.now();
      await capture('git', ['clone', '-q', git.url(REPOSITORY), target], { env: GIT_ENVIRONMENT });
      return measured(startedAt, target);
    };
    const first = await session();
    const results = await interleaved([clone, session], rounds, (way) => way());
    const [plain, known] = [...results.values()].map(medians);
    return {
      title: 'A session on a known repository, and a plain git clone',
      rows: [
        { what: 'git clone', ...plain },
        { what: 'first session, fills the mirror', ...first },
        {
          what: 'session on a known repository',
          ...known,
          'time ÷ clone': (known?.ms ?? NaN) / (plain?.ms ?? NaN),
          'disk ÷ clone': (known?.['disk MB'] ?? NaN) / (plain?.['disk MB'] ?? NaN),
        },
      ],
    };
  } finally {
    await product.stop();
    await git.stop();
  }
}

/** @param {number} startedAt @param {string} folder the folder that was created */
async function measured(startedAt, folder) {
  const ms = performance.now() - startedAt;
  const used = await capture('du', ['-sk', folder]);
  return { ms, 'disk MB': Number.parseInt(used, 10) / 1024, 'load average': loadAverage() };
}
