import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, realpath, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Redactor } from '../redaction/redactor.js';

/** Where Codex keeps its conversations, below CODEX_HOME. */
const CONVERSATIONS = 'sessions';
/** Databases in CODEX_HOME that Codex makes anew from its conversations. Their pages may cut a text in two. */
const DERIVED = /\.sqlite(-\w+)?$/;

/**
 * Removes secrets from what Codex remembers of its conversation, which has what commands printed. Only while nothing of the
 * session runs: an agent can write in CODEX_HOME. Links are not followed.
 */
export async function redactConversation(codexHome: string, redactor: Redactor): Promise<void> {
  if (await isFolder(codexHome)) {
    const names = await readdir(codexHome);
    await Promise.all(
      names
        .filter((name) => DERIVED.test(name))
        .map((name) => rm(join(codexHome, name), { recursive: true })),
    );
  }
  const folder = join(codexHome, CONVERSATIONS);
  if (!(await isFolder(folder))) return;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) await redactFile(join(entry.parentPath, entry.name), redactor);
  }
}

/** Whether it is one itself, and no link to one. */
const isFolder = async (path: string) => (await realpath(path).catch(() => null)) === path;

async function redactFile(file: string, redactor: Redactor): Promise<void> {
  const draft = `${file}.${randomUUID()}.draft`;
  const redacting = redactor.bytes();
  try {
    await pipeline(createReadStream(file), redacting, createWriteStream(draft, { flags: 'wx', mode: 0o600 }));
    if (redacting.hasReplaced) await rename(draft, file);
  } finally {
    await rm(draft, { force: true });
  }
}
