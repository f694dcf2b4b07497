import { generate, play } from './support/history.js';
import { seedOf } from './support/seed.js';
import { faultSuite } from './support/suite.js';

/** What fits `npm test`: a small random history. The named faults and the long histories are in long/. */
describe('a product whose parts fail at random', () => {
  const suite = faultSuite(4);

  it('keeps every promise', async () => {
    const seed = seedOf();
    const done = await play(
      suite.world,
      generate({ prompts: 6, cancels: 1, reconnects: 20, kills: 3, resets: 2 }, seed),
    );
    expect(done).toMatchObject({ kills: 3, reconnects: 20 });
    await suite.keepsItsPromises(seed);
  }, 240_000);
});
