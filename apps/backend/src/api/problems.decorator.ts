import type { ProblemCode } from '@saas-codex/contracts/problems';
import { ApiExtension } from '@nestjs/swagger';

export const OWN_PROBLEMS = 'x-own-problems';

/** The problems that come with what this route does; those of every route are added to the description later. */
export const ApiProblems = (...codes: ProblemCode[]) => ApiExtension(OWN_PROBLEMS, codes);
