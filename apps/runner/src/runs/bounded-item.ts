import type { Item } from '@saas-codex/contracts/items';
import { BoundedText } from '../engine/bounded-text.js';

/** Bytes of one item as JSON. */
const MAX_BYTES = 256 * 1024;
/** Characters of all its texts, tried in this order. A character may take six bytes of JSON. */
const TEXT_ROOMS = [128 * 1024, 32 * 1024];
/** What each member of a list or an object takes of the room, besides its texts. */
const MEMBER_CHARACTERS = 16;
const MAX_NAME = 200;
const MAX_DEPTH = 20;

/**
 * The item itself, or as much of it as an event may hold: long texts lose their middle, lists and objects their last
 * members. An agent can have Codex print anything at any length, also in unknown fields and types.
 */
export function boundItem(item: Item): Item {
  if (fits(item)) return item;
  const name = { id: item.id.slice(0, MAX_NAME), type: item.type.slice(0, MAX_NAME) };
  for (const characters of TEXT_ROOMS) {
    const bounded = { ...(bound(item, { characters }, 0) as object), ...name };
    if (fits(bounded)) return bounded;
  }
  return name;
}

const fits = (item: Item) => Buffer.byteLength(JSON.stringify(item)) <= MAX_BYTES;

function bound(value: unknown, room: { characters: number }, depth: number): unknown {
  if (typeof value === 'string') {
    const text = new BoundedText(room.characters).add(value).toString();
    room.characters -= text.length;
    return text;
  }
  if (typeof value !== 'object' || value === null) return value;
  const kept: [name: string, member: unknown][] = [];
  for (const [name, member] of Object.entries(value)) {
    room.characters -= MEMBER_CHARACTERS + name.length;
    if (room.characters <= 0 || depth >= MAX_DEPTH) break;
    kept.push([name, bound(member, room, depth + 1)]);
  }
  return Array.isArray(value) ? kept.map(([, member]) => member) : Object.fromEntries(kept);
}
