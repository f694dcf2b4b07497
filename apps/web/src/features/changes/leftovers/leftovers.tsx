import type { Session } from '@saas-codex/contracts/sessions';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { inBytes } from '../../../shared/lib/bytes.js';
import { Button } from '../../../shared/ui/button.js';
import { homeQuery, ignoredCountQuery } from '../api/get-leftovers.js';
import { HomeDialog } from './home-dialog.js';
import { IgnoredFilesDialog } from './ignored-files-dialog.js';

interface Counted {
  files: number;
  bytes: number;
  incomplete?: boolean | undefined;
}

/** "1 ignored file (3.4 MB)"; with a plus where there is more. */
function countText({ files, bytes, incomplete }: Counted, one: string, many: string): string {
  const more = incomplete ? '+' : '';
  return `${files.toLocaleString('en')}${more} ${files === 1 && !incomplete ? one : many} (${inBytes(bytes)}${more})`;
}

/** One quiet line about what no diff shows: ignored files, and what agents changed in HOME. Nothing if there is nothing. */
export function Leftovers({ session }: { session: Session }) {
  const [open, setOpen] = useState<'ignored' | 'home' | null>(null);
  const ignored = useQuery(ignoredCountQuery(session)).data;
  const home = useQuery(homeQuery(session)).data;
  const agents = home?.layers.find(({ layer }) => layer === 'agents');
  const showIgnored = ignored !== undefined && (ignored.files > 0 || ignored.incomplete);
  const showHome = agents !== undefined && (agents.files > 0 || agents.incomplete);
  const close = () => setOpen(null);

  return (
    <>
      {(showIgnored || showHome) && (
        <div role="group" aria-label="Not in the diff" className="flex flex-wrap border-t px-2 py-0.5">
          {showIgnored && (
            <Button size="sm" variant="ghost" onClick={() => setOpen('ignored')}>
              {countText(ignored, 'ignored file', 'ignored files')}
            </Button>
          )}
          {showHome && (
            <Button size="sm" variant="ghost" onClick={() => setOpen('home')}>
              {countText(agents, 'change in HOME', 'changes in HOME')}
            </Button>
          )}
        </div>
      )}
      {open === 'ignored' && <IgnoredFilesDialog session={session} onClose={close} />}
      {open === 'home' && home && <HomeDialog session={session} home={home} onClose={close} />}
    </>
  );
}
