import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Redactor } from '../redaction/redactor.js';
import { conversationFiles, isFolder } from './conversation-files.js';

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
  for (const file of await conversationFiles(codexHome)) await redactFile(file, redactor);
}

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
