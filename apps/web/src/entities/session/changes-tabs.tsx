import { FileDiff, Files } from 'lucide-react';
import { shareLinkOfPage } from '../../shared/api/shared-page.js';
import { Segmented } from '../../shared/ui/segmented.js';
import { useShowChanges, useShowFiles } from './changes-location.js';

const TABS = [
  { value: 'changes', name: 'Changes', icon: FileDiff },
  { value: 'files', name: 'Files', icon: Files },
] as const;

/** Changes or all files. Readers of links see the changes only. */
export function ChangesTabs({ shown }: { shown: (typeof TABS)[number]['value'] }) {
  const showChanges = useShowChanges();
  const showFiles = useShowFiles();
  if (shareLinkOfPage() !== undefined) return null;
  return (
    <Segmented
      label="View"
      value={shown}
      onChange={(chosen) => (chosen === 'files' ? showFiles() : showChanges())}
      options={TABS}
      className="mr-1 shrink-0"
    />
  );
}
