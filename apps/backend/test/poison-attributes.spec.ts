import { OBJECTS, REQUESTS } from './poison-attributes.js';
import { testPoisons } from './poison-world.js';

testPoisons({
  'what a repository asks for is not done': REQUESTS,
  'objects come from nowhere else': OBJECTS,
});
