import { OBJECTS, REQUESTS } from '@saas-codex/testing/backend/poison/attributes';
import { testPoisons } from '@saas-codex/testing/backend/poison/world';

testPoisons({
  'what a repository asks for is not done': REQUESTS,
  'objects come from nowhere else': OBJECTS,
});
