import type { Diff } from '@saas-codex/contracts/diffs';
import type { Session } from '@saas-codex/contracts/sessions';
import { CheckCheck, FolderTree, ListChecks, Maximize2, Minimize2, ScanSearch, X } from 'lucide-react';
import { StatSummary } from '../../entities/session/changed-file.js';
import { type ChangesTarget, useHideChanges } from '../../entities/session/changes-location.js';
import { ChangesTabs } from '../../entities/session/changes-tabs.js';
import { openSessionDialog } from '../../entities/session/session-dialog.js';
import { useCodexActions } from '../../entities/session/use-codex-actions.js';
import { shareLinkOfPage } from '../../shared/api/shared-page.js';
import { usePermission } from '../../shared/api/use-permission.js';
import { cx } from '../../shared/lib/cx.js';
import { IconButton } from '../../shared/ui/icon-button.js';
import { toastNotice } from '../../shared/ui/toast.js';
import { EditsMenu } from './edits/edits-menu.js';
import { PatchMenu } from './patch-menu.js';
import type { Review } from './review/review-progress.js';
import { ShipButton } from './ship-button.js';
import { ScopeMenu } from './scope-menu.js';
import { SearchField } from './search-field.js';
import { type ViewOptions, ViewMenu } from './view-menu.js';

interface ChangesHeaderProps extends ViewOptions {
  session: Session;
  scope: ChangesTarget;
  diff: Diff | undefined;
  review: Review;
  search: string;
  onSearch: (search: string) => void;
  treeShown: boolean;
  onToggleTree: () => void;
  wide: boolean;
  onWide?: (wide: boolean) => void;
}

/** While the search of a narrow panel is used, it takes the place of the counts. */
const COUNTS_GIVE_WAY =
  '@max-2xl:group-has-[input:focus]/header:hidden @max-2xl:group-has-[input:not(:placeholder-shown)]/header:hidden';

export function ChangesHeader({
  session,
  scope,
  diff,
  review,
  search,
  onSearch,
  ...view
}: ChangesHeaderProps) {
  const { treeShown, onToggleTree, wide, onWide, ...options } = view;
  const hideChanges = useHideChanges();
  const mayRead = usePermission('diffs:read');
  const mayShip = usePermission('sessions:ship');
  const { mayReview } = useCodexActions();
  const count = diff?.files.length ?? 0;
  const viewed = diff?.files.filter(review.isViewed).length ?? 0;
  const markReviewed = (tree: string) => {
    review.markReviewed(tree);
    toastNotice('Marked as reviewed', 'What changes from now on is in “Since my last review”.');
  };
  return (
    <header className="@container group/header border-b">
      <div className="flex min-h-11 flex-wrap items-center gap-x-1 gap-y-0.5 px-2 py-1">
        <ChangesTabs shown="changes" />
        <ScopeMenu session={session} scope={scope} hasReview={Boolean(review.progress?.reviewed)} />
        {diff && count > 0 && (
          <p
            className={cx(
              'flex items-center gap-2 px-1 text-xs whitespace-nowrap text-muted-foreground',
              COUNTS_GIVE_WAY,
            )}
          >
            <StatSummary stat={diff.stat} />
            {viewed > 0 && (
              <span>
                {viewed.toLocaleString()} of {diff.stat.files.toLocaleString()} viewed
              </span>
            )}
          </p>
        )}
        <div className="ml-auto flex flex-wrap items-center justify-end gap-0.5">
          {count > 0 && <SearchField search={search} onSearch={onSearch} />}
          {count > 0 && (
            <>
              <IconButton
                label={treeShown ? 'Hide file tree' : 'Show file tree'}
                aria-pressed={treeShown}
                className={cx(treeShown && 'bg-selected text-foreground')}
                onClick={onToggleTree}
              >
                <FolderTree />
              </IconButton>
              <ViewMenu {...options} />
            </>
          )}
          {diff && count > 0 && review.progress && !scope.run && (
            <IconButton label="Mark as reviewed" onClick={() => markReviewed(diff.to)}>
              <CheckCheck />
            </IconButton>
          )}
          {count > 0 && mayReview && session.status === 'ready' && (
            <IconButton label="Review…" onClick={() => openSessionDialog({ about: 'review', session })}>
              <ScanSearch />
            </IconButton>
          )}
          {shareLinkOfPage() === undefined && session.status !== 'failed' && (
            <IconButton label="Checks…" onClick={() => openSessionDialog({ about: 'checks', session })}>
              <ListChecks />
            </IconButton>
          )}
          {diff && <EditsMenu sessionId={session.session_id} diff={diff} runId={scope.run} />}
          {diff && count > 0 && mayRead && <PatchMenu sessionId={session.session_id} diff={diff} />}
          {mayShip && session.repo_url !== null && (count > 0 || session.last_push) && (
            <ShipButton session={session} />
          )}
          {onWide && (
            <IconButton
              label={wide ? 'Show beside the conversation' : 'Use the full width'}
              onClick={() => onWide(!wide)}
            >
              {wide ? <Minimize2 /> : <Maximize2 />}
            </IconButton>
          )}
          <IconButton label="Close changes" onClick={hideChanges}>
            <X />
          </IconButton>
        </div>
      </div>
    </header>
  );
}
