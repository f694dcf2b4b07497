import { LIES, PROGRAMS } from '@saas-codex/testing/backend/poison/configuration';
import { testPoisons } from '@saas-codex/testing/backend/poison/world';

testPoisons({ 'no program of the repository runs': PROGRAMS, 'the diff shows what is there': LIES });
