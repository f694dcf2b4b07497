import { Check } from 'lucide-react';
import { cx } from '../../../shared/lib/cx.js';

export interface TodoListProps {
  items: readonly { text: string; completed: boolean }[];
  /** The run is in progress: its first open step is the current one. */
  live: boolean;
}

/** The agent's plan. */
export function TodoList({ items, live }: TodoListProps) {
  const done = items.filter((item) => item.completed).length;
  return (
    <section aria-label="Plan" className="my-2 rounded-xl border bg-card px-3.5 py-2.5">
      <h2 className="flex items-baseline justify-between text-xs font-medium text-muted-foreground">
        Plan
        <span className="font-normal tabular-nums">
          {done} of {items.length}
        </span>
      </h2>
      <TodoSteps items={items} live={live} />
    </section>
  );
}

export function TodoSteps({ items, live }: TodoListProps) {
  const current = live ? items.findIndex((item) => !item.completed) : -1;
  return (
    <ul className="mt-1.5 space-y-1">
      {items.map(({ text, completed }, index) => (
        <li key={index} className="flex gap-2.5 text-sm">
          <Tick done={completed} current={index === current} />
          <span
            className={cx(
              completed && 'text-subtle-foreground line-through decoration-subtle-foreground/40',
              !completed && index !== current && 'text-muted-foreground',
            )}
          >
            {text}
            <span className="sr-only">{completed ? ' (done)' : index === current ? ' (current)' : ''}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}

const Tick = ({ done, current }: { done: boolean; current: boolean }) => (
  <span
    aria-hidden
    className={cx(
      'mt-0.75 flex size-3.5 shrink-0 items-center justify-center rounded-full border',
      done && 'border-transparent bg-foreground/75 text-background',
      current && 'border-accent',
    )}
  >
    {done && <Check className="size-2.5" strokeWidth={3} />}
    {current && <span className="size-1.5 animate-pulse-soft rounded-full bg-accent" />}
  </span>
);
