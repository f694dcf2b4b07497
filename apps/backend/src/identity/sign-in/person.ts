import { ProblemError } from '@saas-codex/service-kit/problem';
import type { Caller } from '../actor.js';

/**
 * The sign-in of a person at a browser. How people sign in is not for programs: a key that leaks must not become an account
 * that is taken over.
 * @throws ProblemError person_required: the caller is an API key
 */
export function signInIdOf(actor: Caller): string {
  if (actor.kind === 'person') return actor.signInId;
  throw new ProblemError('person_required', 'An API key cannot do this. Do it in the browser, in Settings.');
}
