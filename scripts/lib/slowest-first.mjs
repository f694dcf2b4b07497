import { createRequire } from 'node:module';
import { relative, sep } from 'node:path';

/*
 * Jest knows how long each file of specs took the last time, and begins with the slowest. On a fresh clone it knows nothing and goes by
 * the size of the files, so that small files with slow cases come last and one worker waits for the other.
 */

// As an ES module, it exports something else than its types say.
/** @type {typeof import('@jest/test-sequencer')} */
const { default: Sequencer } = createRequire(import.meta.url)('@jest/test-sequencer');
/** @typedef {Parameters<InstanceType<typeof Sequencer>['sort']>[0][number]} Test */

/** The slowest files, by the seconds that they took on two cores. */
const SLOWEST = [
  'tests/story/browser.spec.ts',
  'tests/story/browser-people.spec.ts',
  'tests/faults/quick.spec.ts',
  'apps/backend/test/runs.spec.ts',
  'apps/backend/test/permissions.spec.ts',
  'apps/backend/test/account.spec.ts',
  'apps/runner/test/jail-end.spec.ts',
  'apps/backend/test/poison-work-tree.spec.ts',
  'tests/story/browser-setup.spec.ts',
  'apps/backend/test/two-tenants.spec.ts',
  'apps/backend/test/passwords.spec.ts',
  'apps/backend/test/sign-in.spec.ts',
  'apps/backend/test/oidc.spec.ts',
  'tests/story/replicas.spec.ts',
  'apps/backend/test/swapped-folders.spec.ts',
  'apps/runner/test/lost-runner.spec.ts',
  'apps/backend/test/shared-runners.spec.ts',
  'libs/scripted-model/test/demo-model.spec.ts',
  'apps/runner/test/cancel.spec.ts',
  'tests/story/api.spec.ts',
  'tests/story/secrets.spec.ts',
  'apps/runner/test/setup-jail.spec.ts',
  'apps/runner/test/sandbox-environment.spec.ts',
  'apps/backend/test/setup.spec.ts',
  'apps/backend/test/archive.spec.ts',
  'apps/backend/test/share-links.spec.ts',
  'apps/backend/test/private-sessions.spec.ts',
  'apps/backend/test/retention.spec.ts',
  'apps/backend/test/tenants.spec.ts',
  'apps/backend/test/identity.spec.ts',
  'apps/backend/test/events.spec.ts',
  'apps/backend/test/hostile-trees.spec.ts',
  'apps/backend/test/tracing.spec.ts',
  'apps/runner/test/jail-limits.spec.ts',
  'apps/backend/test/tree-diffs.spec.ts',
  'apps/backend/test/poison-configuration.spec.ts',
  'apps/backend/test/poison-git-directory.spec.ts',
  'apps/backend/test/idempotency.spec.ts',
  'apps/backend/test/diffs.spec.ts',
  'apps/backend/test/fair-shares.spec.ts',
  'apps/backend/test/poison-attributes.spec.ts',
];

/** Jest's own order where this machine has run the specs before; else the slowest first, and the others by their size. */
export default class SlowestFirst extends Sequencer {
  /** @override @param {Test[]} tests @returns {Promise<Test[]>} */
  async sort(tests) {
    const sorted = await super.sort.call(this, tests);
    if (sorted.some(({ duration }) => duration !== undefined)) return sorted;
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}

/** @param {Test} test */
function rank({ path, context }) {
  const index = SLOWEST.indexOf(relative(context.config.rootDir, path).split(sep).join('/'));
  return index === -1 ? SLOWEST.length : index;
}
