import { Command } from 'cmdk';
import type { ReactNode } from 'react';

/** The looks of an entry's icon. */
export const ICON = {
  className: 'size-4 text-muted-foreground',
  strokeWidth: 1.75,
  'aria-hidden': true,
} as const;

export const Group = ({ heading, children }: { heading: string; children: ReactNode }) => (
  <Command.Group
    heading={heading}
    className="[&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:pt-2.5 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-2xs [&_[cmdk-group-heading]]:font-medium [&_[cmdk-group-heading]]:text-subtle-foreground"
  >
    {children}
  </Command.Group>
);

interface EntryProps {
  icon: ReactNode;
  onSelect: () => void;
  value?: string;
  keywords?: string[];
  children: ReactNode;
}

export const Entry = ({ icon, children, ...props }: EntryProps) => (
  <Command.Item
    {...props}
    className="flex h-9 cursor-pointer pointer-coarse:h-11 items-center gap-2.5 rounded-lg px-2.5 text-sm data-[selected=true]:bg-hover"
  >
    <span className="flex size-4 items-center justify-center">{icon}</span>
    {children}
  </Command.Item>
);
