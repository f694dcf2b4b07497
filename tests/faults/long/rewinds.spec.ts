import { generatedHistoriesComeBack, HISTORY_FILES } from '@saas-codex/testing/backend/generated-histories';
import { SessionsWorld } from '@saas-codex/testing/backend/sessions-world';
import { seedOf } from '@saas-codex/testing/faults/seed';

const HISTORIES = 30;

const first = seedOf();
const seeds = Array.from({ length: process.env.FAULT_SEED ? 1 : HISTORIES }, (_, n) => first + n);

describe('30 generated histories, rewound, undone and forked', () => {
  let world: SessionsWorld;
  let repoUrl: string;

  beforeAll(async () => {
    world = await SessionsWorld.create();
    repoUrl = await world.git.createRepository('hello', HISTORY_FILES);
    await world.startRunner();
  });
  afterAll(() => world.destroy());

  it.each(seeds)('come back exactly, files and conversation (FAULT_SEED=%d)', (seed) =>
    generatedHistoriesComeBack(world, repoUrl, [seed]),
  );
});
