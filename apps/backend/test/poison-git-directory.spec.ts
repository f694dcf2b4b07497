import { BLINDFOLDS, CLONED, LAYOUTS } from '@saas-codex/testing/backend/poison/git-directory';
import { testPoisons } from '@saas-codex/testing/backend/poison/world';

testPoisons({
  'no program of the repository runs': LAYOUTS,
  'the diff shows what is there': BLINDFOLDS,
  'settings of the machine have no effect': CLONED,
});
