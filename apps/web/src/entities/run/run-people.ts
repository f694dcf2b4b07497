import type { Author } from '@saas-codex/contracts/authors';
import type { Me } from '@saas-codex/contracts/identity';
import type { Run } from '@saas-codex/contracts/runs';

/** The names that a conversation shows at a run; null: none. */
export interface RunPeople {
  /** Who wrote the prompt. */
  readonly author: string | null;
  /** Who stopped the run, unless the reader did. */
  readonly stoppedBy: string | null;
}

/** How a reader sees somebody; null: the name is not known. */
export function nameFor(me: Me | undefined, author: Author): string | null {
  const name = author.id === me?.user.user_id ? 'You' : author.name;
  if (author.kind !== 'api_key' || name === null) return name;
  return author.key_name ? `${name}, with the API key ${author.key_name}` : `${name}, with an API key`;
}

/** How a reader sees those who did something in these runs. Who works alone, in the browser, sees no names. */
export function peopleFor(me: Me | undefined, runs: readonly Run[]): (run: Run) => RunPeople {
  const isReader = (author: Author) => author.kind === 'person' && author.id === me?.user.user_id;
  const nameOf = (author: Author | null | undefined) => (author ? nameFor(me, author) : null);
  const hasOthers = me !== undefined && runs.some(({ created_by: author }) => author && !isReader(author));
  return ({ created_by, cancelled_by }) => ({
    author: hasOthers ? nameOf(created_by) : null,
    stoppedBy: me && cancelled_by && !isReader(cancelled_by) ? nameOf(cancelled_by) : null,
  });
}
