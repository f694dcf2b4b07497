import type { Session } from '@saas-codex/contracts/sessions';
import { Ellipsis, FolderGit2, PanelRight } from 'lucide-react';
import { useHideChanges, useShowChanges } from '../../entities/session/changes-location.js';
import { PrivateMark } from '../../entities/session/private-mark.js';
import { useSessionActions } from '../../entities/session/use-session-actions.js';
import { isPrivate } from '../../entities/session/use-session-privacy.js';
import { cx } from '../../shared/lib/cx.js';
import { repoName } from '../../shared/lib/repo-name.js';
import { Button } from '../../shared/ui/button.js';
import { atLeisure } from '../../shared/ui/later.js';
import { LineCounts } from '../../shared/ui/line-counts.js';
import { IconButton } from '../../shared/ui/icon-button.js';
import { DropdownMenu } from '../../shared/ui/menu.js';
import { PageHeader } from '../../shared/ui/page-header.js';
import { Tooltip } from '../../shared/ui/tooltip.js';

// The answer comes first.
const ContextMeter = atLeisure(
  async () => (await import('../../features/conversation/context-meter.js')).ContextMeter,
);
const NetworkIndicator = atLeisure(
  async () => (await import('../../features/environment/network-indicator.js')).NetworkIndicator,
);
const PullRequestChip = atLeisure(
  async () => (await import('../../features/pull-request/pull-request-chip.js')).PullRequestChip,
);
const SessionWatchers = atLeisure(
  async () => (await import('../../entities/session/session-watchers.js')).SessionWatchers,
);

export function SessionHeader({ session, ...changes }: ChangesToggleProps) {
  const actions = useSessionActions(session);
  return (
    <PageHeader bordered>
      <div className="flex min-w-0 flex-1 items-center gap-3 pl-1">
        <SessionTitle session={session} />
      </div>
      <SessionWatchers sessionId={session.session_id} />
      {session.pull_request && <PullRequestChip session={session} summary={session.pull_request} />}
      {session.status === 'ready' && <ContextMeter session={session} />}
      {session.status !== 'failed' && <NetworkIndicator session={session} />}
      {session.status !== 'failed' && <ChangesToggle session={session} {...changes} />}
      <DropdownMenu actions={actions}>
        <IconButton label="Session actions">
          <Ellipsis />
        </IconButton>
      </DropdownMenu>
    </PageHeader>
  );
}

/** The title, and where the code comes from. */
export const SessionTitle = ({ session }: { session: Session }) => (
  <>
    <h1 className="truncate text-base font-medium">{session.title}</h1>
    {isPrivate(session) && <PrivateMark />}
    <Origin session={session} />
  </>
);

/** Where the code comes from: repository, ref and commit. */
function Origin({ session: { repo_url, ref, base_commit } }: { session: Session }) {
  const name = repoName(repo_url);
  if (!name) {
    return (
      <span className="hidden shrink-0 text-xs whitespace-nowrap text-subtle-foreground lg:block">
        Empty repository
      </span>
    );
  }
  const version = [ref, base_commit?.slice(0, 7)].filter(Boolean).join(' @ ');
  const looks =
    'hidden max-w-1/2 min-w-0 shrink-0 items-center gap-1.5 rounded text-xs text-subtle-foreground lg:flex';
  const content = (
    <>
      <FolderGit2 aria-hidden className="size-3.5 shrink-0" strokeWidth={1.75} />
      <span className="truncate">{name}</span>
      {version && <span className="max-w-1/2 shrink-0 truncate font-mono text-2xs">{version}</span>}
    </>
  );
  if (!repo_url?.startsWith('https:')) return <span className={looks}>{content}</span>;
  return (
    <Tooltip label="Open the repository">
      <a href={repo_url} target="_blank" rel="noreferrer" className={cx(looks, 'hover:text-foreground')}>
        {content}
      </a>
    </Tooltip>
  );
}

export interface ChangesToggleProps {
  session: Session;
  /** Whether Changes is open. */
  shown: boolean;
  /** The person is about to open Changes: it can be loaded, so that it opens at once. */
  onIntent: () => void;
}

export function ChangesToggle({ session, shown, onIntent }: ChangesToggleProps) {
  const show = useShowChanges();
  const hide = useHideChanges();
  return (
    <Button
      variant={shown ? 'secondary' : 'ghost'}
      aria-pressed={shown}
      onPointerEnter={onIntent}
      onFocus={onIntent}
      onClick={() => (shown ? hide() : show())}
    >
      <PanelRight strokeWidth={1.75} aria-hidden />
      <span className="max-sm:sr-only">Changes</span>
      {session.diff && <LineCounts stat={session.diff} className="max-sm:hidden" />}
    </Button>
  );
}
