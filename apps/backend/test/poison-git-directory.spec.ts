import { BLINDFOLDS, CLONED, LAYOUTS } from './poison-git-directory.js';
import { PoisonWorld } from './poison-world.js';

let world: PoisonWorld;
beforeAll(async () => (world = await PoisonWorld.start()));
afterAll(() => world.close());

test.each(LAYOUTS)('no program of the repository runs: $name', (poison) => world.check(poison));
test.each(BLINDFOLDS)('what is there is told: $name', (poison) => world.check(poison));
test.each(CLONED)('nothing of the machine takes part: $name', (poison) => world.check(poison));
