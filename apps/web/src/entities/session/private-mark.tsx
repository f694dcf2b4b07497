import { Lock } from 'lucide-react';

/** Stands at the title of a private session. */
export const PrivateMark = () => (
  <Lock
    role="img"
    aria-label="Private"
    className="size-3 shrink-0 text-subtle-foreground"
    strokeWidth={1.75}
  />
);
