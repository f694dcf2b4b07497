import type { Script } from '../script.js';

/** As the platform lists changed files: `modified "src/index.ts" (+2 -1)`. */
const LISTED = /^(added|modified|deleted|renamed|type_changed) .*?("(?:[^"\\]|\\.)*") \([^)]*\)$/gm;
const VERBS: Record<string, string> = { added: 'Add', deleted: 'Remove', renamed: 'Rename' };
const MAX_SUBJECT = 72;
const MAX_LISTED = 20;

/** Names the files that have changed: what they are about, a script cannot say. */
export const proposeMessage: Script = function* ({ prompts }) {
  const files = [...(prompts.at(-1) ?? '').matchAll(LISTED)].map(([, status = '', path = '""']) => ({
    verb: VERBS[status] ?? 'Change',
    path: JSON.parse(path) as string,
  }));
  const [first] = files;
  const name = first?.path.split('/').at(-1) ?? 'files';
  const others = files.length > 1 ? ` and ${files.length - 1} more` : '';
  const subject = `${first?.verb ?? 'Change'} ${name}`.slice(0, MAX_SUBJECT - others.length) + others;
  const list = files.slice(0, MAX_LISTED).map(({ verb, path }) => `- ${verb} ${path}`);
  const body = [...list, '', 'Written by the demo model, which is not an AI.'].join('\n');
  yield { do: 'message', text: JSON.stringify({ subject, body }) };
};
