// Loaded into every Node server of the bench: SIGUSR2 has it give back what it does not need.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
process.on('SIGUSR2', () => {
  // Once more for what the first has finalised.
  collect();
  collect();
});
