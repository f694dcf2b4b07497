import type { ReactNode } from 'react';

export const Section = ({ title, children }: { title: string; children: ReactNode }) => (
  <section aria-label={title} className="mb-8">
    <h2 className="mb-2 text-xs font-medium text-muted-foreground">{title}</h2>
    <div className="divide-y rounded-xl border bg-card px-4 shadow-xs">{children}</div>
  </section>
);

interface RowProps {
  name: string;
  /** What it means, or what to do about it. */
  note?: ReactNode;
  /** Content over the whole width, such as a meter. */
  below?: ReactNode;
  children: ReactNode;
}

export const Row = ({ name, note, below, children }: RowProps) => (
  <div className="py-3">
    <div className="flex min-h-6 flex-wrap items-center justify-between gap-x-6 gap-y-1">
      <span className="text-sm">{name}</span>
      <span className="text-sm break-all text-muted-foreground">{children}</span>
    </div>
    {below}
    {note && <p className="mt-1 max-w-lg text-xs text-muted-foreground">{note}</p>}
  </div>
);
