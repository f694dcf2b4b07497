import { createRequire } from 'node:module';

// Its types do not fit an import of a CommonJS module.
/** @type {typeof import('@jest/test-sequencer')} */
const { default: TestSequencer } = createRequire(import.meta.url)('@jest/test-sequencer');

/** The specs that take longest. Jest knows that only from an earlier run, and a fresh clone has none. */
const LONG = [
  'runner/test/jail-end',
  'runner/test/lost-runner',
  'tests/story/browser',
  'tests/faults/quick',
  'backend/test/runs',
  'runner/test/jail-limits',
  'runner/test/setup-jail',
  'runner/test/sandbox-environment',
  'tests/story/replicas',
  'backend/test/swapped-folders',
  'tests/story/browser-setup',
];

/** Starts long specs first, so that no worker ends long before the others. */
export default class SpecOrder extends TestSequencer {
  /**
   * @override
   * @param {Parameters<InstanceType<typeof TestSequencer>['sort']>[0]} tests
   */
  async sort(tests) {
    const isLong = (/** @type {{ path: string }} */ { path }) =>
      LONG.some((name) => path.endsWith(`${name}.spec.ts`));
    // oxlint-disable-next-line unicorn/no-array-sort -- this is Jest's own sort
    const sorted = await super.sort(tests);
    return [...sorted.filter(isLong), ...sorted.filter((test) => !isLong(test))];
  }
}
