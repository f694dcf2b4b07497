import { NAMES, SIZES } from './poison-names.js';
import { LINKS, NESTED, SPECIAL } from './poison-work-tree.js';
import { testPoisons } from './poison-world.js';

testPoisons({
  'a link is a link': LINKS,
  'files that are none': SPECIAL,
  'a repository in the repository is files': NESTED,
  'every name is one name': NAMES,
  'nothing is too large to go on': SIZES,
});
