import { CircleAlert, CircleCheck, X } from 'lucide-react';
import { useEffect, useState } from 'react';
import { toApiError } from '../api/api-error.js';
import { randomId } from '../lib/random-id.js';
import { createStore, useStore } from '../lib/store.js';
import { hasTypedText, useShortcut } from '../lib/use-shortcut.js';
import { Button } from './button.js';
import { IconButton } from './icon-button.js';
import { Kbd } from './kbd.js';

interface Toast {
  id: string;
  tone: 'error' | 'notice' | 'done';
  title: string;
  detail: string;
  /** Takes back what was done. */
  undo?: Undo;
}

interface Undo {
  /** "Undo", or what it does if that differs. */
  label: string;
  run: () => void;
}

const SHOWN_MS = 10_000;
const MAX_SHOWN = 3;
const toasts = createStore<readonly Toast[]>([]);

const dismiss = (id: string) => toasts.write(toasts.read().filter((toast) => toast.id !== id));
const show = (toast: Omit<Toast, 'id'>) =>
  toasts.write([...toasts.read().slice(1 - MAX_SHOWN), { ...toast, id: randomId() }]);

/** Shows a failure that has no place of its own on the page, such as that of a menu's action. */
export function toastError(error: unknown): void {
  const { title, detail } = toApiError(error);
  show({ tone: 'error', title, detail });
}

/** Shows something that the person should know, and that is no failure. */
export const toastNotice = (title: string, detail: string): void => show({ tone: 'notice', title, detail });

/**
 * Shows that something was done that can be taken back, and offers to.
 * @param title what was done: "Session archived"
 * @param detail to what
 */
export const toastUndo = (title: string, detail: string, run: () => void, label = 'Undo'): void =>
  show({ tone: 'done', title, detail, undo: { label, run } });

const take = ({ id, undo }: Toast) => {
  dismiss(id);
  undo?.run();
};

/** Shows the toasts. ⌘Z takes back the latest one, unless the focus is in a field with text, which has its own undo. */
export function Toaster() {
  const shown = useStore(toasts);
  const latest = shown.findLast((toast) => toast.undo);
  useShortcut('z', () => latest && take(latest), { when: () => latest !== undefined && !hasTypedText() });
  return (
    <div
      role="status"
      aria-live="polite"
      className="fixed right-4 bottom-4 z-50 flex w-88 max-w-[calc(100vw-2rem)] flex-col gap-2 max-md:top-14 max-md:bottom-auto"
    >
      {shown.map((toast) => (
        <ToastCard key={toast.id} toast={toast} hint={toast === latest} />
      ))}
    </div>
  );
}

/** It disappears by itself, but not under the pointer or while the focus is in it. */
function ToastCard({ toast, hint }: { toast: Toast; hint: boolean }) {
  const { id, tone, title, detail, undo } = toast;
  const [kept, setKept] = useState(false);
  useEffect(() => {
    if (kept) return;
    const timer = setTimeout(() => dismiss(id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [kept, id]);
  return (
    <div
      onPointerEnter={() => setKept(true)}
      onPointerLeave={() => setKept(false)}
      onFocus={() => setKept(true)}
      onBlur={() => setKept(false)}
      className="flex animate-pop-in gap-2.5 rounded-xl border bg-popover p-3 shadow-popover"
    >
      {tone === 'error' && <CircleAlert className="mt-0.5 size-4 shrink-0 text-destructive" aria-hidden />}
      {tone === 'notice' && <CircleAlert className="mt-0.5 size-4 shrink-0 text-warning" aria-hidden />}
      {tone === 'done' && (
        <CircleCheck className="mt-0.5 size-4 shrink-0 text-success" strokeWidth={1.75} aria-hidden />
      )}
      <div className="min-w-0 flex-1 text-sm">
        <p className="font-medium">{title}</p>
        <p className="line-clamp-3 [overflow-wrap:anywhere] text-muted-foreground">{detail}</p>
        {undo && (
          <Button size="sm" className="mt-2" onClick={() => take(toast)}>
            {undo.label}
            {hint && (
              <span className="pointer-coarse:hidden">
                <Kbd keys={['mod', 'Z']} />
              </span>
            )}
          </Button>
        )}
      </div>
      <IconButton label="Dismiss" size="sm" onClick={() => dismiss(id)}>
        <X />
      </IconButton>
    </div>
  );
}
