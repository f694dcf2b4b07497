import { CHECKS_FILE, ChecksFile, MAX_CHECKS_FILE } from '@saas-codex/contracts/declared-checks';
import { parseDocument } from 'yaml';

/** What a repository declares. `problem` is a sentence for a person; null: there is none. */
export interface Declaration extends ChecksFile {
  problem: string | null;
}

const NOTHING: Declaration = { checks: [], secrets: [], required: false, problem: null };
/** References within the file. There is no use for them. */
const MAX_ALIASES = 20;

/**
 * A file with a mistake counts as `required: true`, wherever the mistake is: what it demanded before may be just what nobody can
 * read any more.
 */
const refused = (why: string): Declaration => ({
  ...NOTHING,
  required: true,
  problem: `${CHECKS_FILE}: ${why.replace(/\.?$/, '.')} Mend it on the branch that sessions start from. Until then, nothing is pushed.`,
});

/** @param content of the file; null: there is none; longer than it may be: only its beginning */
export function readDeclaration(content: Buffer | null): Declaration {
  if (content === null) return NOTHING;
  if (content.length > MAX_CHECKS_FILE) return refused(`it has more than ${MAX_CHECKS_FILE / 1024} KB.`);
  let data: unknown;
  try {
    const document = parseDocument(content.toString('utf8'), { prettyErrors: true, logLevel: 'silent' });
    const [error] = document.errors;
    if (error) return refused(`it is no YAML. ${firstLine(error.message)}`);
    data = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch {
    return refused('it has too many references within itself.');
  }
  const file = ChecksFile.safeParse(data);
  if (file.success) return { ...file.data, problem: null };
  const [issue] = file.error.issues;
  return refused(`${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'is not valid'}`);
}

const firstLine = (text: string) => text.split('\n', 1)[0]?.replace(/:$/, '.') ?? '';
