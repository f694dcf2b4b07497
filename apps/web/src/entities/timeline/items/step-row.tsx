import type { LucideIcon } from 'lucide-react';
import type { ComponentProps, ReactNode } from 'react';
import { cx } from '../../../shared/lib/cx.js';
import { VisibleText } from '../../../shared/ui/visible-text.js';
import { DisclosureArrow, useDisclosure } from '../../../shared/ui/disclosure.js';

interface StepRowProps {
  /** Identifies the row while the page is open, so that it stays open or closed as the reader left it. */
  id: string;
  icon: LucideIcon;
  /** "Ran", "Read"; the target follows. */
  verb: string;
  target?: ReactNode;
  /** After the target: an exit code, a count. */
  badge?: ReactNode;
  /** It is in progress. */
  busy?: boolean;
  tone?: 'neutral' | 'danger' | 'warning';
  openAtFirst?: boolean;
  /** The content of the open row. Without it the row is a plain line. */
  children?: ReactNode;
}

const ICON_TONES = {
  neutral: 'text-subtle-foreground',
  danger: 'text-destructive',
  warning: 'text-warning',
} as const;

/** One step of the agent, on one line. */
export function StepRow({ id, children, openAtFirst, ...line }: StepRowProps) {
  const { open, trigger, bodyId } = useDisclosure(id, openAtFirst);
  if (!children) return <StepLine {...line} className="flex h-7 items-center gap-2.5" />;
  return (
    <div>
      <StepButton {...line} open={open} trigger={trigger} />
      {open && (
        <div id={bodyId} className="animate-fade-in pt-1 pb-2 pl-6.5">
          {children}
        </div>
      )}
    </div>
  );
}

interface StepButtonProps extends Omit<StepLineProps, 'className'> {
  open: boolean;
  trigger: ComponentProps<'button'>;
}

/** The line of a step that opens. */
export const StepButton = ({ open, trigger, ...line }: StepButtonProps) => (
  <button
    {...trigger}
    className="group/step -mx-1.5 flex h-7 pointer-coarse:h-11 w-[calc(100%+0.75rem)] min-w-0 items-center rounded-md px-1.5 text-left hover:bg-hover"
  >
    <StepLine {...line} className="flex min-w-0 flex-1 items-center gap-2.5" />
    <DisclosureArrow
      open={open}
      className={cx(
        'ml-1 size-3.5 text-subtle-foreground',
        !open && 'opacity-0 group-hover/step:opacity-100 group-focus-visible/step:opacity-100',
      )}
    />
  </button>
);

type StepLineProps = Omit<StepRowProps, 'id' | 'children' | 'openAtFirst'> & { className: string };

const StepLine = ({ icon: Icon, verb, target, badge, busy, tone = 'neutral', className }: StepLineProps) => (
  <span className={cx(className, 'text-sm')}>
    <Icon aria-hidden className={cx('size-4 shrink-0', ICON_TONES[tone])} strokeWidth={1.75} />
    <span className="min-w-0 truncate">
      <span className={busy ? 'text-shimmer' : 'text-muted-foreground'}>{verb}</span>
      {target && <> {target}</>}
    </span>
    {badge}
  </span>
);

/** The target of a step if it is code: a command, a path, a pattern. */
export const CodeTarget = ({ children }: { children: string }) => (
  <code className="font-mono text-xs text-foreground/90">
    <VisibleText>{children}</VisibleText>
  </code>
);
