import type { ReviewFinding } from '@saas-codex/contracts/items';

/** The prompt that has a finding fixed. */
export function promptFor({ title, text, path, first_line: first, last_line: last }: ReviewFinding): string {
  const lines = first === last ? `line ${first}` : `lines ${first} to ${last}`;
  return [`Fix this in ${path}, ${lines}: ${title}`, text].filter(Boolean).join('\n\n');
}
