import { constants } from 'node:fs';
import { open, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';

/** Where Codex keeps its conversations, below CODEX_HOME. */
const CONVERSATIONS = 'sessions';
const READ_NO_LINK = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Whether it is one itself, and no link to one. */
export const isFolder = async (path: string) => (await realpath(path).catch(() => null)) === path;

/**
 * The files of what Codex remembers of a session. Only while nothing of the session runs: an agent can write in CODEX_HOME. Links
 * are not followed.
 */
export async function conversationFiles(codexHome: string): Promise<string[]> {
  const folder = join(codexHome, CONVERSATIONS);
  if (!(await isFolder(folder))) return [];
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** How a message's id stands in a conversation. */
const mark = (id: string) => `"client_id":"${id}"`;
const LONGEST_MARK = 200;

/** Those of these messages that the conversation has, by the ids that clients have given them. Only while nothing of the session runs. */
export async function messagesInConversation(
  codexHome: string,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  if (ids.length === 0) return found;
  for (const file of await conversationFiles(codexHome)) {
    let before = '';
    const handle = await open(file, READ_NO_LINK);
    for await (const piece of handle.createReadStream({ encoding: 'latin1' })) {
      const text = before + String(piece);
      for (const id of ids) if (text.includes(mark(id))) found.add(id);
      before = text.slice(-LONGEST_MARK);
    }
  }
  return found;
}
