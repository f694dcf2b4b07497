import type { HistoryRepository } from './history-repository.js';

const HEAD = /^[0-9a-f]{40} (\w+) (\d+)$/;
const ID_LENGTH = 40;
const NEWLINE = 10;

export interface ObjectInfo {
  id: string;
  bytes: number;
}

/**
 * What objects are, by name as in `readObjects`.
 * @returns in the same order; null for what does not exist or is no blob
 */
export async function describeObjects(
  history: HistoryRepository,
  sessionId: string,
  names: readonly string[],
): Promise<(ObjectInfo | null)[]> {
  if (names.length === 0) return [];
  const input = Buffer.from(names.map((name) => `${name}\n`).join(''), 'latin1');
  const maxOutputBytes = input.length + names.length * 100;
  const { stdout } = await history.runOnObjects(sessionId, ['cat-file', '--batch-check'], {
    input,
    maxOutputBytes,
  });
  return stdout
    .toString('latin1')
    .split('\n')
    .slice(0, names.length)
    .map((line) => {
      const [, type, bytes] = HEAD.exec(line) ?? [];
      return type === 'blob' ? { id: line.slice(0, ID_LENGTH), bytes: Number(bytes) } : null;
    });
}

/**
 * Reads objects by name, such as an id or `<tree>:<path>`, as latin1.
 * @param maxBytes of all of them
 * @returns their contents in the same order; null for what does not exist or is no blob
 * @throws GitFailure output_limit
 */
export async function readObjects(
  history: HistoryRepository,
  sessionId: string,
  names: readonly string[],
  maxBytes: number,
): Promise<(Buffer | null)[]> {
  if (names.length === 0) return [];
  const input = Buffer.from(names.map((name) => `${name}\n`).join(''), 'latin1');
  // Each has a line before it, which repeats the name of what does not exist.
  const maxOutputBytes = maxBytes + input.length + names.length * 100;
  const { stdout } = await history.runOnObjects(sessionId, ['cat-file', '--batch'], {
    input,
    maxOutputBytes,
  });
  const objects: (Buffer | null)[] = [];
  for (let at = 0; at < stdout.length;) {
    const end = stdout.indexOf(NEWLINE, at);
    const [, type, size] = HEAD.exec(stdout.toString('latin1', at, end)) ?? [];
    const content = end + 1;
    objects.push(type === 'blob' ? stdout.subarray(content, content + Number(size)) : null);
    at = size === undefined ? content : content + Number(size) + 1;
  }
  return objects;
}

/** The first bytes of one object. @returns null for what does not exist or is no blob */
export async function readStart(
  history: HistoryRepository,
  sessionId: string,
  name: string,
  maxBytes: number,
): Promise<Buffer | null> {
  const head = await history.runOnObjects(sessionId, ['cat-file', '--batch-check'], { input: `${name}\n` });
  const [, type] = HEAD.exec(head.stdout.toString('latin1').trim()) ?? [];
  if (type !== 'blob') return null;
  const options = { maxOutputBytes: maxBytes, truncate: true };
  const { stdout } = await history.runOnObjects(sessionId, ['cat-file', 'blob', name], options);
  return stdout;
}
