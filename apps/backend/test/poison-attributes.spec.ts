import { OBJECTS, REQUESTS } from '@saas-codex/testing/backend/poison/attributes';
import { testPoisons } from '@saas-codex/testing/backend/poison/world';

testPoisons({
  'files of the repository cannot make git do anything': REQUESTS,
  'objects come from no other place': OBJECTS,
});
