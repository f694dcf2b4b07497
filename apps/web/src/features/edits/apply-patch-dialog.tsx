import { MAX_PATCH_LENGTH } from '@saas-codex/contracts/edits';
import type { Session } from '@saas-codex/contracts/sessions';
import { useState } from 'react';
import { useEdit } from '../../entities/run/api/edits.js';
import { tooLong } from '../../shared/lib/too-long.js';
import { ActionDialog } from '../../shared/ui/action-dialog.js';
import { TextAreaField } from '../../shared/ui/text-area-field.js';
import { ConflictList } from './conflict-list.js';

/** Applies a patch, pasted or from a file, to the session's files. */
export function ApplyPatchDialog({ session, onClose }: { session: Session; onClose: () => void }) {
  const [patch, setPatch] = useState('');
  const edit = useEdit(session.session_id);
  const problem = tooLong(patch, MAX_PATCH_LENGTH);
  return (
    <ActionDialog
      title="Apply a patch"
      description="Of git diff or git format-patch. It is applied whole or not at all, and you can undo it."
      action="Apply"
      disabled={patch.trim() === '' || problem !== undefined}
      state={edit}
      onSubmit={() => edit.mutate({ patch: { patch } }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <div className="space-y-2">
        <TextAreaField
          label="Patch"
          hideLabel
          placeholder="Paste a patch"
          spellCheck={false}
          value={patch}
          error={problem}
          onChange={(event) => setPatch(event.target.value)}
          inputClassName="max-h-60 min-h-32 font-mono text-xs"
        />
        <label className="block text-xs text-muted-foreground">
          Or choose a file
          <input
            type="file"
            accept=".patch,.diff,text/*"
            className="mt-1 block w-full text-xs pointer-coarse:min-h-11"
            onChange={(event) => void event.target.files?.[0]?.text().then(setPatch)}
          />
        </label>
        <ConflictList error={edit.error} />
      </div>
    </ActionDialog>
  );
}
