/** In characters. */
const MAX_LENGTH = 250;
/** What `git check-ref-format` forbids, and everything that has a meaning in git's revision syntax. */
const FORBIDDEN = /[\s\p{Cc}\p{Cs}~^:?*[\\]|\.\.|@\{|\/\/|^[-/]|^@$|[/.]$/u;
const FORBIDDEN_PART = /^\.|\.lock$/;

/** Whether git can take it for nothing but a branch, a tag, a full ref name or the id of a commit. */
export const isRefName = (name: string): boolean =>
  name !== '' &&
  name.length <= MAX_LENGTH &&
  !FORBIDDEN.test(name) &&
  !name.split('/').some((part) => FORBIDDEN_PART.test(part));
