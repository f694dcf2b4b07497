import { ProblemError } from '@saas-codex/service-kit/problem';
import type { Caller } from './actor.js';

/**
 * The person who is signed in at a browser. How people sign in is not for programs: a key that leaks must not become an account
 * that is taken over.
 * @throws ProblemError person_required: the caller is an API key
 */
export function signedInPerson(actor: Caller): Extract<Caller, { kind: 'person' }> {
  if (actor.kind === 'person') return actor;
  throw new ProblemError('person_required', 'An API key cannot do this. Do it in the browser, in Settings.');
}

/**
 * The id of the person who calls, in a browser or with a key of theirs.
 * @throws ProblemError person_required: the caller is a service account
 */
export function userIdOf(actor: Caller): string {
  if (actor.kind === 'service_account') throw personRequired();
  return actor.userId;
}

export const personRequired = () =>
  new ProblemError('person_required', 'A service account cannot do this. A person has to.');
