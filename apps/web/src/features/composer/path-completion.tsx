import type { Session } from '@saas-codex/contracts/sessions';
import { useQuery } from '@tanstack/react-query';
import {
  type KeyboardEvent,
  type RefObject,
  useDeferredValue,
  useEffect,
  useId,
  useRef,
  useState,
} from 'react';
import { pathsQuery } from '../../entities/session/api/find-paths.js';
import { isConverting } from '../../shared/lib/enter-key.js';
import { later } from '../../shared/ui/later.js';
import { completeMention, mentionAt, type PathMention } from './path-mention.js';

const PathList = later(async () => (await import('./path-list.js')).PathList);

interface Completion {
  session: Session;
  field: RefObject<HTMLTextAreaElement | null>;
  /** What is around the field. */
  box: RefObject<HTMLElement | null>;
  text: string;
  onComplete: (text: string) => void;
}

/**
 * Completes paths of the repository after an `@`. The field keeps the focus, and names the list that belongs to it (the
 * combobox pattern, as a field of several lines may have it).
 */
export function usePathCompletion({ session, field, box, text, onComplete }: Completion) {
  const [mention, setMention] = useState<PathMention | null>(null);
  const [active, setActive] = useState(0);
  /** Where the `@` is that the person wants to stay as it is. */
  const [dismissed, setDismissed] = useState<number | null>(null);
  const completed = useRef<{ text: string; caret: number } | null>(null);
  const listId = useId();
  const query = useDeferredValue(mention?.query ?? '');
  const enabled = mention !== null && mention.start !== dismissed && session.status === 'ready';
  const { data, isError } = useQuery({ ...pathsQuery(session.session_id, query), enabled });
  const paths = enabled && !isError ? (data?.paths ?? []) : [];
  const open = paths.length > 0;
  const index = Math.min(active, paths.length - 1);

  // The caret can only be put where the text already is.
  useEffect(() => {
    const last = completed.current;
    completed.current = null;
    if (last?.text === text) field.current?.setSelectionRange(last.caret, last.caret);
  }, [text, field]);

  /** After every change of the text or the caret. */
  const follow = ({ value, selectionStart, selectionEnd }: HTMLTextAreaElement) => {
    const next = selectionStart === selectionEnd ? mentionAt(value, selectionStart) : null;
    if (next?.query !== mention?.query) setActive(0);
    if (next === null) setDismissed(null);
    setMention(next);
  };
  const choose = (path: string) => {
    if (!mention) return;
    const next = completeMention(text, mention, path);
    completed.current = next;
    onComplete(next.text);
    setMention(null);
    field.current?.focus();
  };
  /** @returns whether the key was for the list */
  const onKeyDown = (event: KeyboardEvent): boolean => {
    if (!open || isConverting(event.nativeEvent) || event.metaKey || event.ctrlKey || event.altKey)
      return false;
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0) setActive((index + step + paths.length) % paths.length);
    else if ((event.key === 'Enter' && !event.shiftKey) || event.key === 'Tab') choose(paths[index] ?? '');
    else if (event.key === 'Escape') setDismissed(mention?.start ?? null);
    else return false;
    event.preventDefault();
    return true;
  };
  return {
    follow,
    onKeyDown,
    close: () => setMention(null),
    fieldProps: {
      'aria-autocomplete': 'list',
      'aria-haspopup': 'listbox',
      'aria-controls': open ? listId : undefined,
      'aria-activedescendant': open ? `${listId}/${index}` : undefined,
    } as const,
    list: open ? (
      <PathList id={listId} box={box} paths={paths} active={index} onActive={setActive} onChoose={choose} />
    ) : null,
  };
}
