import { LIES, PROGRAMS } from './poison-configuration.js';
import { testPoisons } from './poison-world.js';

testPoisons({ 'no program of the repository runs': PROGRAMS, 'what is there is told': LIES });
