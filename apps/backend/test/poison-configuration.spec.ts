import { LIES, PROGRAMS } from './poison-configuration.js';
import { PoisonWorld } from './poison-world.js';

let world: PoisonWorld;
beforeAll(async () => (world = await PoisonWorld.start()));
afterAll(() => world.close());

test.each(PROGRAMS)('no program of the repository runs: $name', (poison) => world.check(poison));
test.each(LIES)('what is there is told: $name', (poison) => world.check(poison));
