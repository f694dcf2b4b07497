import type { AccountAnswer } from './bitbucket-answers.js';

/** How Bitbucket takes a reviewer. */
export type ReviewerRef = { uuid: string } | { account_id: string };

const UUID = /^\{[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}$/i;
/** `557058:…`, or one of the older ones. */
const ACCOUNT_ID = /^(?:\d+:[0-9a-f-]{36}|[0-9a-f]{24})$/i;

/**
 * Who is meant: a UUID or an Atlassian account as it is, else a nickname or a whole name.
 * @param people among whom a name is looked for
 * @returns null: nobody, or more than one
 */
export function accountOf(
  name: string,
  people: readonly (AccountAnswer | null | undefined)[],
): ReviewerRef | null {
  if (UUID.test(name)) return { uuid: name };
  if (ACCOUNT_ID.test(name)) return { account_id: name };
  const words = name.toLowerCase();
  const isCalled = (one: AccountAnswer) =>
    [one.nickname, one.display_name].some((known) => known?.toLowerCase() === words);
  const uuids = people.flatMap((one) => (one?.uuid !== undefined && isCalled(one) ? one.uuid : []));
  const [uuid, ...others] = new Set(uuids);
  return uuid === undefined || others.length > 0 ? null : { uuid };
}

export const isSame = (one: ReviewerRef, known: AccountAnswer): boolean =>
  'uuid' in one ? one.uuid === known.uuid : one.account_id === known.account_id;
