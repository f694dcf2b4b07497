import type { RepositoryPart } from '@saas-codex/contracts/sessions';
import { CheckField } from '../../shared/ui/check-field.js';

const PARTS: readonly { part: RepositoryPart; name: string; note: string }[] = [
  {
    part: 'submodules',
    name: 'Fetch its submodules',
    note: 'Their files, and those of theirs, read with your credentials: only for repositories that you trust. Changes to them are not shipped.',
  },
  {
    part: 'lfs',
    name: 'Fetch files in Git LFS',
    note: 'Their contents instead of pointers. Changed contents are not shipped.',
  },
];

interface IncludeFieldsProps {
  value: readonly RepositoryPart[];
  onChange: (value: RepositoryPart[]) => void;
}

/** What is fetched with the repository. */
export const IncludeFields = ({ value, onChange }: IncludeFieldsProps) =>
  PARTS.map(({ part, name, note }) => (
    <CheckField
      key={part}
      name={name}
      note={note}
      checked={value.includes(part)}
      onChange={(checked) =>
        onChange([...value.filter((other) => other !== part), ...(checked ? [part] : [])])
      }
    />
  ));
