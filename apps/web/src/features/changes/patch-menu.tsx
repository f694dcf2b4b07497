import type { Diff } from '@saas-codex/contracts/diffs';
import { Download, FileDown, SquareTerminal } from 'lucide-react';
import { path } from '../../shared/api/request.js';
import { copyText } from '../../shared/lib/copy-text.js';
import { IconButton } from '../../shared/ui/icon-button.js';
import { DropdownMenu, type MenuActions } from '../../shared/ui/menu.js';
import { toastError, toastNotice } from '../../shared/ui/toast.js';

/** Takes the changes that are shown out of the session: as a file, or by a command for a clone. */
export function PatchMenu({ sessionId, diff: { from, to } }: { sessionId: string; diff: Diff }) {
  const url = `${path`/api/sessions/${sessionId}/patch`}?${new URLSearchParams({ from, to })}`;
  const copyCommand = async () => {
    if (!(await copyText(commandFor(`${location.origin}${url}`))))
      return toastError(new Error('The browser does not let this page copy.'));
    toastNotice('Command copied', 'Run it in a clone, with an API key of yours in SAAS_CODEX_API_KEY.');
  };
  const actions: MenuActions = [
    { label: 'Download patch', icon: FileDown, onSelect: () => download(url) },
    { label: 'Copy command for git am', icon: SquareTerminal, onSelect: () => void copyCommand() },
  ];
  return (
    <DropdownMenu actions={actions}>
      <IconButton label="Take the changes">
        <Download />
      </IconButton>
    </DropdownMenu>
  );
}

/** The shell puts the key in, so that no history has it. */
const commandFor = (url: string): string =>
  `curl -fsS -H "Authorization: Bearer $SAAS_CODEX_API_KEY" '${url}' | git am --keep-cr`;

function download(url: string): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = '';
  link.click();
}
