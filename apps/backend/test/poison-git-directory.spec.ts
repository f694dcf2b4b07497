import { BLINDFOLDS, CLONED, LAYOUTS } from './poison-git-directory.js';
import { testPoisons } from './poison-world.js';

testPoisons({
  'no program of the repository runs': LAYOUTS,
  'what is there is told': BLINDFOLDS,
  'nothing of the machine takes part': CLONED,
});
