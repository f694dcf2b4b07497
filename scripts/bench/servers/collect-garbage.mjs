// Loaded into every Node server of the bench: on SIGUSR2 it frees unused memory.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
process.on('SIGUSR2', () => {
  // Once more for objects that the first collection has finalised.
  collect();
  collect();
});
