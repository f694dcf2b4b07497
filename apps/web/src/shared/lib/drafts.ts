import { useCallback, useSyncExternalStore } from 'react';
import { stored } from './stored.js';

/*
 * What a person has typed and not sent. It is kept in this browser under the person's id, so it survives a reload, a failed
 * request and the end of a sign-in, it is the same in all tabs, and whoever signs in next at this browser does not get it:
 *
 *     draft:<user id>:<name>      <name>: new-session, prompt/<session id>, edit/<session id>, sent/<session id>,
 *                                  file/<session id>/<path>
 *     draft-owner                 <user id>, for a page that opens without a connection
 *
 * Signing out removes that person's.
 */
const PREFIX = 'draft:';
const OWNER = 'draft-owner';

let owner = stored.read(OWNER);
/** What this page has written, for browsers whose storage is blocked or full. */
const written = new Map<string, string>();
const listeners = new Set<() => void>();
const notify = () => listeners.forEach((listener) => listener());

const keyOf = (name: string, of = owner): string | null => of && `${PREFIX}${of}:${name}`;

export const drafts = {
  /** @returns '' when there is none */
  read: (name: string): string => {
    const key = keyOf(name);
    return key === null ? '' : (written.get(key) ?? stored.read(key) ?? '');
  },

  /** An empty text is removed. */
  write: (name: string, text: string): void => {
    const key = keyOf(name);
    if (key === null) return;
    written.set(key, text);
    stored.write(key, text || null);
    notify();
  },

  /** From now on drafts are those of this person. */
  belongTo: (userId: string): void => {
    if (owner === userId) return;
    stored.write(OWNER, userId);
    owner = userId;
    notify();
  },

  /** Removes the drafts of the person who signs out. */
  forget: (): void => {
    const prefix = keyOf('');
    if (prefix === null) return;
    for (const key of [...written.keys(), ...stored.keys()])
      if (key.startsWith(prefix)) stored.write(key, null);
    written.clear();
    stored.write(OWNER, null);
    owner = null;
    notify();
  },
};

/** Another tab has written; its key is null when it has removed everything. */
const onStorage = ({ key, newValue }: StorageEvent) => {
  if (key === null) written.clear();
  else if (key === OWNER) owner = newValue;
  else if (key.startsWith(PREFIX)) written.delete(key);
  else return;
  notify();
};

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) addEventListener('storage', onStorage);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) removeEventListener('storage', onStorage);
  };
}

/** A draft of the person who is signed in, as `useState` has a text. */
export function useDraft(name: string): [string, (text: string) => void] {
  const read = () => drafts.read(name);
  const text = useSyncExternalStore(subscribe, read, read);
  const write = useCallback((next: string) => drafts.write(name, next), [name]);
  return [text, write];
}
