import { createHash } from 'node:crypto';

const MAX_LENGTH = 100;

/**
 * Ids of a run's items. Codex takes most of its ids from the model server, which may send one again in its next answer, or an
 * endless one. Ours are Codex's, with a number behind those that the run has had before.
 */
export class ItemIds {
  private readonly used = new Set<string>();
  /** Of the latest item with each of Codex's ids. */
  private readonly latest = new Map<string, string>();

  /** The id of an item that begins. */
  begin(id: string): string {
    const name = shortened(id);
    let ours = name;
    for (let count = 2; this.used.has(ours); count += 1) ours = `${name}~${count}`;
    this.used.add(ours);
    this.latest.set(name, ours);
    return ours;
  }

  /** Our id of the latest item with this id of Codex's. */
  find(id: string): string | undefined {
    return this.latest.get(shortened(id));
  }
}

const shortened = (id: string): string =>
  id.length <= MAX_LENGTH ? id : createHash('sha256').update(id).digest('base64url');
