import { MAX_FILE_LENGTH } from '@saas-codex/contracts/edits';
import type { FileContent } from '@saas-codex/contracts/files';
import type { Session } from '@saas-codex/contracts/sessions';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useEffectEvent, useRef, useState } from 'react';
import { z } from 'zod';
import { useEdit } from '../../entities/run/api/edits.js';
import { fileContentQuery } from '../../entities/session/api/get-file-content.js';
import type { FileAtTree } from '../../entities/session/session-dialog.js';
import { drafts } from '../../shared/lib/drafts.js';
import { withMarks } from '../../shared/lib/hidden-characters.js';
import { tooLong } from '../../shared/lib/too-long.js';
import { Button } from '../../shared/ui/button.js';
import { Dialog, DialogActions } from '../../shared/ui/dialog.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { CodeEditor } from './code-editor.js';
import { ConflictList } from './conflict-list.js';

interface EditFileDialogProps {
  session: Session;
  file: FileAtTree;
  onClose: () => void;
}

/** A text that was not saved, and the state whose file it was made from. */
const Draft = z.object({ tree: z.string(), text: z.string() });
type Draft = z.infer<typeof Draft>;

/** A person edits a file of the session. What is not saved is kept in this browser. */
export function EditFileDialog({ session, file, onClose }: EditFileDialogProps) {
  const name = `file/${session.session_id}/${file.path}`;
  const [draft, setDraft] = useState(() => readDraft(name));
  const tree = draft?.tree ?? file.tree;
  const { data, error, refetch } = useQuery(fileContentQuery(session.session_id, tree, file.path));
  const problem = data && problemWith(data);
  const discard = () => {
    drafts.write(name, '');
    setDraft(null);
  };
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Edit file"
      description={<span className="font-mono text-xs break-all">{withMarks(file.path)}</span>}
      size="full"
    >
      {error && !data && <ErrorNotice error={error} onRetry={() => void refetch()} className="mt-4" />}
      {!data && !error && (
        <div aria-busy="true" className="mt-4 flex-1 space-y-2.5">
          <span className="sr-only">Loading the file</span>
          <Skeleton className="h-3 w-1/2" />
          <Skeleton className="h-3 w-4/5" />
        </div>
      )}
      {problem && <p className="mt-4 flex-1 text-sm text-muted-foreground">{problem}</p>}
      {typeof data?.text === 'string' && !problem ? (
        <Editor
          key={`${tree}/${draft === null}`}
          session={session}
          file={{ ...file, tree }}
          saved={data.text}
          draft={draft}
          name={name}
          onDiscard={discard}
          onClose={onClose}
        />
      ) : (
        <DialogActions>
          <Button onClick={onClose}>Close</Button>
        </DialogActions>
      )}
    </Dialog>
  );
}

interface EditorProps extends EditFileDialogProps {
  saved: string;
  draft: Draft | null;
  /** Of the draft. */
  name: string;
  onDiscard: () => void;
}

const KEEP_AFTER_MS = 300;

function Editor({ session, file, saved, draft, name, onDiscard, onClose }: EditorProps) {
  const { path, tree } = file;
  const [text, setText] = useState(draft?.text ?? saved);
  const edit = useEdit(session.session_id);
  const isChanged = text !== saved;
  const problem = tooLong(text, MAX_FILE_LENGTH);
  const isDone = useRef(false);
  const keep = useEffectEvent((written: string) => {
    drafts.write(name, written !== saved && !isDone.current ? JSON.stringify({ tree, text: written }) : '');
  });
  const keepNow = useEffectEvent(() => keep(text));
  useEffect(() => {
    const timer = setTimeout(() => keep(text), KEEP_AFTER_MS);
    return () => clearTimeout(timer);
  }, [text]);
  useEffect(() => () => keepNow(), []);
  const discard = () => {
    isDone.current = true;
    onDiscard();
  };
  const save = () => {
    if (!isChanged || problem !== undefined || edit.isPending) return;
    edit.mutate(
      { file: { path, content: text, tree } },
      {
        onSuccess: () => {
          isDone.current = true;
          onClose();
        },
      },
    );
  };
  return (
    <>
      <div className="mt-3 min-h-0 flex-1 overflow-hidden rounded-lg border">
        <CodeEditor path={path} text={text} label={`Text of ${path}`} onChange={setText} onSave={save} />
      </div>
      {edit.error && <ErrorNotice error={edit.error} className="mt-3" />}
      <ConflictList error={edit.error} />
      {problem && (
        <p role="alert" className="mt-2 text-xs text-destructive">
          {problem}
        </p>
      )}
      <DialogActions>
        {draft !== null && (
          <Button variant="ghost" className="mr-auto" onClick={discard}>
            Discard my draft
          </Button>
        )}
        <Button onClick={onClose}>{isChanged ? 'Keep as draft' : 'Cancel'}</Button>
        <Button
          variant="primary"
          onClick={save}
          busy={edit.isPending}
          disabled={!isChanged || problem !== undefined}
        >
          Save
        </Button>
      </DialogActions>
    </>
  );
}

function readDraft(name: string): Draft | null {
  try {
    return Draft.parse(JSON.parse(drafts.read(name)));
  } catch {
    return null;
  }
}

/** Why a file cannot be edited as a text; null: it can. */
function problemWith({ kind, text, truncated }: FileContent): string | null {
  if (kind !== 'file') return 'This is no file, but a link or a submodule. Ask Codex to change it.';
  if (text === null) return 'This is a binary file. Ask Codex to change it.';
  if (truncated || text.length > MAX_FILE_LENGTH)
    return 'This file is too large to edit here. Ask Codex to change it.';
  return text.includes('\uFFFD')
    ? 'This file is not UTF-8, so saving it would change all of it. Ask Codex to change it.'
    : null;
}
