import { NAMES, SIZES } from '@saas-codex/testing/backend/poison/names';
import { LINKS, NESTED, SPECIAL } from '@saas-codex/testing/backend/poison/work-tree';
import { testPoisons } from '@saas-codex/testing/backend/poison/world';

testPoisons({
  'a link is a link': LINKS,
  'files that are none': SPECIAL,
  'a repository in the repository is files': NESTED,
  'every name is one name': NAMES,
  'nothing is too large to go on': SIZES,
});
