import { BLINDFOLDS, CLONED, LAYOUTS } from '@saas-codex/testing/backend/poison/git-directory';
import { testPoisons } from '@saas-codex/testing/backend/poison/world';

testPoisons({
  'no program of the repository runs': LAYOUTS,
  'what is there is told': BLINDFOLDS,
  'nothing of the machine takes part': CLONED,
});
