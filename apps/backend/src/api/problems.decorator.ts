import type { ProblemCode } from '@saas-codex/contracts/problems';
import { ApiExtension } from '@nestjs/swagger';

export const OWN_PROBLEMS = 'x-own-problems';

/** The problems that are particular to this route. The OpenAPI document adds those that every route can answer. */
export const ApiProblems = (...codes: ProblemCode[]) => ApiExtension(OWN_PROBLEMS, codes);
