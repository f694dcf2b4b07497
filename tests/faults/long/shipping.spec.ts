import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SessionsWorld } from '@saas-codex/testing/backend/sessions-world';
import { SHIPPED_FILES, shipsExactly } from '@saas-codex/testing/backend/shipped-histories';
import { seedOf } from '@saas-codex/testing/faults/seed';

/** Each is shipped five times. */
const HISTORIES = 10;

const first = seedOf();
const seeds = Array.from({ length: process.env.FAULT_SEED ? 1 : HISTORIES }, (_, n) => first + n);

describe('50 states of generated sessions', () => {
  let world: SessionsWorld;

  beforeAll(async () => {
    world = await SessionsWorld.create();
    await world.startRunner();
  });
  afterAll(() => world.destroy());

  it.each(seeds)('are pushed bit by bit as they were reviewed (FAULT_SEED=%d)', async (seed) => {
    const marker = join(world.root, 'an-agent-was-here');
    const open = async () => {
      const name = `shipped-${seed}`;
      const repo_url = await world.git.createRepository(name, SHIPPED_FILES);
      const { session_id: id } = (await world.create({ repo_url })).body;
      return { at: `/api/sessions/${id}`, name, repo: join(world.root, id, 'repo') };
    };
    const bare = (name: string) => world.git.path(name);
    await shipsExactly({ open, bare, marker, call: (...request) => world.call(...request) }, seed);
    expect(existsSync(marker)).toBe(false);
  });
});
