import type { Session } from '@saas-codex/contracts/sessions';
import { useNavigate, useParams } from '@tanstack/react-router';
import {
  Archive,
  ArchiveRestore,
  FolderGit2,
  FoldVertical,
  Globe,
  Hammer,
  Hand,
  KeyRound,
  Lock,
  Mail,
  MailOpen,
  Pencil,
  ScanSearch,
  Share2,
  Trash2,
  UserRoundCheck,
} from 'lucide-react';
import { usePermission } from '../../shared/api/use-permission.js';
import type { MenuActions } from '../../shared/ui/menu.js';
import { toastError, toastUndo } from '../../shared/ui/toast.js';
import { useUpdateSession } from './api/update-session.js';
import { isUnread, useToggleRead } from './read-state.js';
import { openSessionDialog, type SessionDialog } from './session-dialog.js';
import { useCodexActions } from './use-codex-actions.js';
import { useSessionPrivacy } from './use-session-privacy.js';

/**
 * The menu of a session: the same in the sidebar and on the session's own page. A person who may only watch marks it as read or
 * unread. Another person's private session can only be deleted.
 */
export function useSessionActions(session: Session): MenuActions {
  const { archive, unarchive } = useArchive(session);
  const mayChange = usePermission('sessions:write');
  const mayShare = usePermission('sessions:share');
  const mayOversee = usePermission('sessions:oversee');
  const { isMine, isOutline } = useSessionPrivacy(session);
  const toggleRead = useToggleRead(session);
  const { mayReview, mayCompact } = useCodexActions();
  const open = (about: SessionDialog['about']) => () => openSessionDialog({ about, session });
  const fixed = session.status === 'archived' || session.status === 'failed';
  const unread = isUnread(session);
  const mark = unread
    ? { label: 'Mark as read', icon: MailOpen, onSelect: () => toggleRead(false) }
    : { label: 'Mark as unread', icon: Mail, onSelect: () => toggleRead(true) };
  if (!mayChange) return isOutline ? [] : [mark];
  const remove = { label: 'Delete…', icon: Trash2, onSelect: open('delete'), danger: true };
  if (isOutline) return [remove];
  return [
    { label: 'Rename…', icon: Pencil, onSelect: open('rename') },
    mark,
    ...(mayShare
      ? [{ label: 'Share…', icon: Share2, onSelect: open('share'), disabled: session.status === 'archived' }]
      : []),
    ...(mayReview ? [{ label: 'Review…', icon: ScanSearch, onSelect: open('review'), disabled: fixed }] : []),
    ...(mayCompact
      ? [{ label: 'Compact…', icon: FoldVertical, onSelect: open('compact'), disabled: fixed }]
      : []),
    { label: 'Network…', icon: Globe, onSelect: open('network'), disabled: fixed },
    { label: 'Setup…', icon: Hammer, onSelect: open('setup'), disabled: fixed },
    { label: 'Secrets…', icon: KeyRound, onSelect: open('secrets'), disabled: fixed },
    { label: 'Trust…', icon: FolderGit2, onSelect: open('trust'), disabled: fixed },
    { label: 'Approvals…', icon: Hand, onSelect: open('approvals'), disabled: fixed },
    ...(isMine ? [{ label: 'Who sees it…', icon: Lock, onSelect: open('visibility') }] : []),
    ...(isMine || mayOversee ? [{ label: 'Hand over…', icon: UserRoundCheck, onSelect: open('owner') }] : []),
    session.status === 'archived'
      ? { label: 'Unarchive', icon: ArchiveRestore, onSelect: unarchive }
      : {
          label: 'Archive',
          icon: Archive,
          onSelect: archive,
          disabled: session.status === 'provisioning',
        },
    null,
    remove,
  ];
}

/** Archives the session and offers to undo that. What asked for it may be gone from the page when the server answers. */
function useArchive({ session_id: sessionId, title }: Session) {
  const { mutateAsync } = useUpdateSession();
  const { leave, comeBack } = useLeaveSession();
  const setStatus = (status: 'archived' | 'ready') => mutateAsync({ sessionId, change: { status } });
  const unarchive = () => setStatus('ready').catch(toastError);
  return {
    unarchive: () => void unarchive(),
    archive: () => {
      const left = leave(sessionId);
      const undo = () => void unarchive().then(() => left && comeBack(sessionId));
      setStatus('archived').then(
        () => toastUndo('Session archived', title, undo),
        (error: unknown) => {
          toastError(error);
          if (left) comeBack(sessionId);
        },
      );
    },
  };
}

export function useLeaveSession() {
  const navigate = useNavigate();
  const params = useParams({ strict: false });
  return {
    /** Goes home if the page shows the session, which is about to leave the list. @returns whether it did */
    leave: (sessionId: string): boolean => {
      const shown = params.sessionId === sessionId;
      if (shown) void navigate({ to: '/' });
      return shown;
    },
    comeBack: (sessionId: string) => void navigate({ to: '/sessions/$sessionId', params: { sessionId } }),
  };
}
