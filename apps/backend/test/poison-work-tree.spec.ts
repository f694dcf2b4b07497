import { NAMES, SIZES } from '@saas-codex/testing/backend/poison/names';
import { LINKS, NESTED, SPECIAL } from '@saas-codex/testing/backend/poison/work-tree';
import { testPoisons } from '@saas-codex/testing/backend/poison/world';

testPoisons({
  'a link is recorded as a link': LINKS,
  'special files are not recorded': SPECIAL,
  'a nested repository is recorded as files': NESTED,
  names: NAMES,
  sizes: SIZES,
});
