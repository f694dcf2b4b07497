import type { Session } from '@saas-codex/contracts/sessions';
import { useInfiniteQuery } from '@tanstack/react-query';
import { CheckCheck, FileDiff } from 'lucide-react';
import { useMemo, useState } from 'react';
import { type DiffScope, diffPagesQuery } from '../../entities/session/api/get-diff.js';
import { type ChangesTarget, useChangesLocation } from '../../entities/session/changes-location.js';
import { shareLinkOfPage } from '../../shared/api/shared-page.js';
import { useElementWidth } from '../../shared/lib/use-element-width.js';
import { Button } from '../../shared/ui/button.js';
import { EmptyState } from '../../shared/ui/empty-state.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { scrollable } from '../../shared/ui/scroller.js';
import { later } from '../../shared/ui/later.js';
import { VisibleText } from '../../shared/ui/visible-text.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { ChangesHeader } from './changes-header.js';
import { DiffList } from './diff-list.js';
import { FileTree } from './file-tree-view.js';
import { Leftovers } from './leftovers/leftovers.js';
import { changesTree, filesInOrder } from './file-tree.js';
import { useDiffLayout } from './patch-view.js';
import { useReview } from './review/review-progress.js';
import { useReviewKeys } from './review/use-review-keys.js';
import { useChangesSearch } from './use-changes-search.js';
import { useWhitespace } from './view-menu.js';

const CommentsBar = later(async () => (await import('./comments/comments-bar.js')).CommentsBar);

/** From this width on, in pixels, the tree is beside the diffs, whose lines then have 80 characters. */
const ROOM_FOR_TREE = 880;

interface ChangesPanelProps {
  session: Session;
  /** It has the place of the conversation. */
  wide: boolean;
  /** Changes that, where there is a choice. */
  onWide?: (wide: boolean) => void;
}

/** What the session, or one of its runs, changed in the repository. Its state is in the address. */
export function ChangesPanel({ session, wide, onWide }: ChangesPanelProps) {
  const { run, since, file } = useChangesLocation();
  const { session_id: sessionId } = session;
  const review = useReview(sessionId);
  const reviewed = review.progress?.reviewed?.tree;
  const [layout, setLayout] = useDiffLayout();
  const [whitespace, setWhitespace] = useWhitespace();
  const scope = useMemo<DiffScope>(
    () => ({
      ...(run ? { from: run, to: run } : since && reviewed ? { from: reviewed } : {}),
      ...(whitespace === 'ignore' && { whitespace }),
    }),
    [run, since, reviewed, whitespace],
  );
  const query = useInfiniteQuery({
    ...diffPagesQuery(sessionId, scope),
    enabled: !since || !review.isLoading,
  });
  const { data, error, refetch, isPlaceholderData } = query;
  const [search, setSearch] = useState('');
  const [treeChoice, setTreeChoice] = useState<boolean | null>(null);
  const [panel, width] = useElementWidth();
  const { files: found, isSearching } = useChangesSearch(sessionId, data, search);
  const tree = useMemo(() => changesTree(found), [found]);
  const files = useMemo(() => filesInOrder(tree), [tree]);
  const target = useMemo<ChangesTarget>(() => ({ run, since }), [run, since]);
  useReviewKeys(files, target, review);
  const beside = width >= ROOM_FOR_TREE;
  const treeShown = (treeChoice ?? beside) && (data?.files.length ?? 0) > 0;

  return (
    <div
      ref={panel}
      className="flex h-full flex-col bg-background"
      aria-busy={isPlaceholderData || isSearching}
    >
      <ChangesHeader
        session={session}
        scope={target}
        diff={data}
        review={review}
        search={search}
        onSearch={setSearch}
        treeShown={treeShown}
        onToggleTree={() => setTreeChoice(!treeShown)}
        layout={layout}
        onLayout={setLayout}
        whitespace={whitespace}
        onWhitespace={setWhitespace}
        wide={wide}
        onWide={onWide}
      />
      {error && !data && (
        <div className="p-4">
          <ErrorNotice error={error} onRetry={() => void refetch()} />
        </div>
      )}
      {!data && !error && <ChangesSkeleton />}
      {data?.files.length === 0 && <NoChanges scope={target} />}
      {data && data.files.length > 0 && (
        <div className={beside ? 'flex min-h-0 flex-1' : 'flex min-h-0 flex-1 flex-col'}>
          {treeShown && <FileTree nodes={tree} beside={beside} scope={target} isViewed={review.isViewed} />}
          {files.length > 0 ? (
            <DiffList
              key={run ?? since ?? 'all'}
              session={session}
              diff={data}
              files={files}
              review={review}
              focus={file}
              layout={layout}
              whitespace={whitespace}
              query={query}
            />
          ) : (
            <EmptyState
              icon={FileDiff}
              title={isSearching ? 'Searching the changed lines' : 'No file matches'}
              className="flex-1"
              action={<Button onClick={() => setSearch('')}>Clear the search</Button>}
            />
          )}
        </div>
      )}
      {data && shareLinkOfPage() === undefined && <CommentsBar session={session} diff={data} />}
      {data && data.omitted.length > 0 && <Omitted paths={data.omitted} />}
      {data && shareLinkOfPage() === undefined && <Leftovers session={session} />}
    </div>
  );
}

const Omitted = ({ paths }: { paths: readonly string[] }) => (
  <p
    {...scrollable('Files that are not shown')}
    className="max-h-24 overflow-y-auto border-t px-4 py-2 text-xs break-words text-subtle-foreground"
  >
    Not shown because they are larger than 100 MB, not readable, inside a submodule, or named like .git:{' '}
    <VisibleText>{paths.join(', ')}</VisibleText>
  </p>
);

function NoChanges({ scope: { run, since } }: { scope: ChangesTarget }) {
  if (since)
    return (
      <EmptyState icon={CheckCheck} title="Nothing new since your last review" className="flex-1">
        What changes from now on appears here.
      </EmptyState>
    );
  return (
    <EmptyState
      icon={FileDiff}
      title={run ? 'This prompt changed nothing' : 'No changes yet'}
      className="flex-1"
    >
      {run
        ? 'The repository is the same before and after it.'
        : 'Changes to the repository appear here, file by file, while Codex works.'}
    </EmptyState>
  );
}

const LINES = ['w-1/2', 'w-4/5', 'w-2/3', 'w-3/4', 'w-2/5', 'w-3/5'];

export const ChangesSkeleton = () => (
  <div aria-busy="true" className="space-y-3 p-3">
    <span className="sr-only">Loading changes</span>
    {[0, 1].map((card) => (
      <div key={card} className="rounded-lg border">
        <div className="flex h-10 items-center border-b px-3">
          <Skeleton className="h-3.5 w-48" />
        </div>
        <div className="space-y-2.5 p-3">
          {LINES.map((width) => (
            <Skeleton key={width} className={`h-3 ${width}`} />
          ))}
        </div>
      </div>
    ))}
  </div>
);
