import { Dialog } from '../../shared/ui/dialog.js';
import { Kbd } from '../../shared/ui/kbd.js';

const SHORTCUTS: readonly { what: string; keys: string[] }[] = [
  { what: 'Search and commands', keys: ['mod', 'K'] },
  { what: 'New session', keys: ['mod', 'shift', 'O'] },
  { what: 'Show or hide the sidebar', keys: ['mod', 'B'] },
  { what: 'Send the prompt', keys: ['enter'] },
  { what: 'Send it to the run that works', keys: ['mod', 'enter'] },
  { what: 'New line in the prompt', keys: ['shift', 'enter'] },
  { what: 'Stop the run, from the prompt', keys: ['esc'] },
  { what: 'Select a line of the changes, then comment on it', keys: ['C'] },
  { what: 'Undo what the last notice says', keys: ['mod', 'Z'] },
  { what: 'Menu of a session in the list', keys: ['shift', 'F10'] },
  { what: 'Next or previous file, in Changes', keys: ['J', 'K'] },
  { what: 'Next or previous change', keys: ['N', 'P'] },
  { what: 'Mark the file as viewed', keys: ['V'] },
  { what: 'Search the changes', keys: ['/'] },
  { what: 'This help', keys: ['?'] },
];

export const ShortcutsDialog = ({ onClose }: { onClose: () => void }) => (
  <Dialog open onOpenChange={onClose} title="Keyboard shortcuts">
    <dl className="mt-3 divide-y text-sm">
      {SHORTCUTS.map(({ what, keys }) => (
        <div key={what} className="flex min-h-9 items-center justify-between gap-4">
          <dt>{what}</dt>
          <dd>
            <Kbd keys={keys} />
          </dd>
        </div>
      ))}
    </dl>
  </Dialog>
);
