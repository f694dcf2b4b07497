import type { Diff } from '@saas-codex/contracts/diffs';
import type { Session } from '@saas-codex/contracts/sessions';
import { Columns2, FolderTree, Maximize2, Minimize2, Rows2, ScanSearch, Search, X } from 'lucide-react';
import { StatSummary } from '../../entities/session/changed-file.js';
import { useHideChanges } from '../../entities/session/changes-location.js';
import { openSessionDialog } from '../../entities/session/session-dialog.js';
import { useCodexActions } from '../../entities/session/use-codex-actions.js';
import { usePermission } from '../../shared/api/use-permission.js';
import { cx } from '../../shared/lib/cx.js';
import { IconButton } from '../../shared/ui/icon-button.js';
import type { DiffLayout } from './patch-view.js';
import { PatchMenu } from './patch-menu.js';
import { ScopeMenu } from './scope-menu.js';

interface ChangesHeaderProps {
  session: Session;
  runId: string | undefined;
  diff: Diff | undefined;
  filter: string;
  onFilter: (filter: string) => void;
  treeShown: boolean;
  onToggleTree: () => void;
  layout: DiffLayout;
  onLayout: (layout: DiffLayout) => void;
  wide: boolean;
  onWide?: (wide: boolean) => void;
}

const HAS_FILTER = 5;

/** While the filter of a narrow panel is used, it takes the place of the counts. */
const COUNTS_GIVE_WAY =
  '@max-2xl:group-has-[input:focus]/header:hidden @max-2xl:group-has-[input:not(:placeholder-shown)]/header:hidden';
/** Until then it is only its icon. */
const FILTER_FOLDED =
  '@max-2xl:not-focus:placeholder-shown:w-7 @max-2xl:not-focus:placeholder-shown:bg-transparent @max-2xl:not-focus:placeholder-shown:pr-0 @max-2xl:not-focus:placeholder-shown:placeholder:text-transparent';

export function ChangesHeader({ session, runId, diff, filter, onFilter, ...view }: ChangesHeaderProps) {
  const { treeShown, onToggleTree, layout, onLayout, wide, onWide } = view;
  const hideChanges = useHideChanges();
  const mayRead = usePermission('diffs:read');
  const { mayReview } = useCodexActions();
  const split = layout === 'split';
  const count = diff?.files.length ?? 0;
  return (
    <header className="@container group/header border-b">
      <div className="flex min-h-11 flex-wrap items-center gap-x-1 gap-y-0.5 px-2 py-1">
        <ScopeMenu session={session} runId={runId} />
        {diff && count > 0 && (
          <p
            className={cx(
              'flex items-center gap-2 px-1 text-xs whitespace-nowrap text-muted-foreground',
              COUNTS_GIVE_WAY,
            )}
          >
            <StatSummary stat={diff.stat} />
          </p>
        )}
        <div className="ml-auto flex items-center gap-0.5">
          {count >= HAS_FILTER && <FilterField filter={filter} onFilter={onFilter} />}
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
              <IconButton
                label={split ? 'Unified view' : 'Split view'}
                onClick={() => onLayout(split ? 'unified' : 'split')}
              >
                {split ? <Rows2 /> : <Columns2 />}
              </IconButton>
            </>
          )}
          {count > 0 && mayReview && session.status === 'ready' && (
            <IconButton label="Review…" onClick={() => openSessionDialog({ about: 'review', session })}>
              <ScanSearch />
            </IconButton>
          )}
          {diff && count > 0 && mayRead && <PatchMenu sessionId={session.session_id} diff={diff} />}
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

const FilterField = ({ filter, onFilter }: Pick<ChangesHeaderProps, 'filter' | 'onFilter'>) => (
  <label className="relative flex items-center">
    <Search aria-hidden className="pointer-events-none absolute left-2 size-3.5 text-subtle-foreground" />
    <input
      type="search"
      aria-label="Filter files"
      placeholder="Filter files"
      value={filter}
      onChange={(event) => onFilter(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && filter) {
          event.stopPropagation();
          onFilter('');
        }
      }}
      className={cx(
        'h-7 w-32 pointer-coarse:h-11 rounded-md border border-transparent bg-muted pr-2 pl-7 text-xs transition-[width] outline-none focus:w-44 focus:border-input focus:bg-card',
        FILTER_FOLDED,
      )}
    />
  </label>
);
