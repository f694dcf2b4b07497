import { CircleAlert, X } from 'lucide-react';
import { toApiError } from '../api/api-error.js';
import { randomId } from '../lib/random-id.js';
import { createStore, useStore } from '../lib/store.js';
import { IconButton } from './icon-button.js';

interface Toast {
  id: string;
  title: string;
  detail: string;
}

const SHOWN_MS = 8_000;
const toasts = createStore<readonly Toast[]>([]);

const dismiss = (id: string) => toasts.write(toasts.read().filter((toast) => toast.id !== id));

/** Shows a failure that has no place of its own on the page, such as that of a menu's action. */
export function toastError(error: unknown): void {
  const { title, detail } = toApiError(error);
  const id = randomId();
  toasts.write([...toasts.read().slice(-2), { id, title, detail }]);
  setTimeout(() => dismiss(id), SHOWN_MS);
}

export function Toaster() {
  const shown = useStore(toasts);
  return (
    <div
      role="status"
      aria-live="polite"
      className="fixed right-4 bottom-4 z-50 flex w-80 max-w-[calc(100vw-2rem)] flex-col gap-2"
    >
      {shown.map(({ id, title, detail }) => (
        <div key={id} className="flex animate-pop-in gap-2.5 rounded-xl border bg-popover p-3 shadow-popover">
          <CircleAlert className="mt-0.5 size-4 shrink-0 text-destructive" aria-hidden />
          <div className="min-w-0 flex-1 text-sm">
            <p className="font-medium">{title}</p>
            <p className="break-words text-muted-foreground">{detail}</p>
          </div>
          <IconButton label="Dismiss" size="sm" onClick={() => dismiss(id)}>
            <X />
          </IconButton>
        </div>
      ))}
    </div>
  );
}
