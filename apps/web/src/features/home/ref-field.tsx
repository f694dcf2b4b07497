import { GitBranch } from 'lucide-react';
import { TextChip } from './text-chip.js';

interface RefFieldProps {
  value: string;
  onChange: (ref: string) => void;
  invalid: boolean;
}

export const RefField = (props: RefFieldProps) => (
  <TextChip
    {...props}
    name="Branch, tag or commit"
    icon={GitBranch}
    fallback="Default branch"
    placeholder="main"
    hint="Left empty: the repository's default branch."
  />
);
