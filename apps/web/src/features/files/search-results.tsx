import type { FoundLine } from '@saas-codex/contracts/files';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect, useState } from 'react';
import { pathsQuery } from '../../entities/session/api/find-paths.js';
import { cx } from '../../shared/lib/cx.js';
import { withMarks } from '../../shared/lib/hidden-characters.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { VisibleText } from '../../shared/ui/visible-text.js';
import { fileSearchQuery } from './api/get-files.js';

const AFTER_TYPING_MS = 250;
/** Shorter texts are in nearly every file. */
const MIN_TEXT = 2;

interface SearchResultsProps {
  sessionId: string;
  at: string;
  query: string;
  /** The file that is shown. */
  shown: string | undefined;
  onOpen: (path: string, line?: number) => void;
}

/** Files whose name matches, and lines that contain the text. */
export function SearchResults({ sessionId, at, query, shown, onOpen }: SearchResultsProps) {
  const [settled, setSettled] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setSettled(query), AFTER_TYPING_MS);
    return () => clearTimeout(timer);
  }, [query]);
  const names = useQuery({ ...pathsQuery(sessionId, settled, at), enabled: settled !== '' });
  const lines = useQuery({ ...fileSearchQuery(sessionId, at, settled), enabled: settled.length >= MIN_TEXT });
  const searching = query !== settled || names.isFetching || lines.isFetching;
  const error = names.error ?? lines.error;
  const files = byFile(settled.length >= MIN_TEXT ? (lines.data?.items ?? []) : []);
  const nothing = !searching && names.data?.paths.length === 0 && files.length === 0;
  return (
    <div className="min-h-0 flex-1 overflow-y-auto p-1.5 text-xs" aria-busy={searching} aria-live="polite">
      {error && <ErrorNotice error={error} className="m-1.5" />}
      {searching && <Note>Searching</Note>}
      {nothing && <Note>Nothing has this name or this text.</Note>}
      {names.data && names.data.paths.length > 0 && (
        <Group title="Names">
          {names.data.paths.map((path) => (
            <Row key={path} shown={path === shown} title={path} onOpen={() => onOpen(path)}>
              <VisibleText>{path}</VisibleText>
            </Row>
          ))}
        </Group>
      )}
      {files.length > 0 && (
        <Group title="Texts">
          {files.map(([path, found]) => (
            <div key={path} className="pb-1.5">
              <p title={withMarks(path)} className="truncate px-2 py-1 font-medium">
                <VisibleText>{path}</VisibleText>
              </p>
              {found.map(({ line, text }) => (
                <Row
                  key={line}
                  shown={false}
                  title={`Line ${line}: ${text}`}
                  onOpen={() => onOpen(path, line)}
                >
                  <span className="mr-2 text-subtle-foreground">{line}</span>
                  <Marked text={text.trim()} query={settled} />
                </Row>
              ))}
            </div>
          ))}
          {lines.data?.truncated && <Note>There are more lines. Search for a longer text.</Note>}
        </Group>
      )}
    </div>
  );
}

function byFile(lines: readonly FoundLine[]): [string, FoundLine[]][] {
  const files = new Map<string, FoundLine[]>();
  for (const line of lines) files.set(line.path, [...(files.get(line.path) ?? []), line]);
  return [...files];
}

const Note = ({ children }: { children: ReactNode }) => (
  <p className="px-2 py-1.5 text-muted-foreground">{children}</p>
);

const Group = ({ title, children }: { title: string; children: ReactNode }) => (
  <section aria-label={title}>
    <h3 className="px-2 pt-2 pb-1 text-2xs font-medium text-subtle-foreground">{title}</h3>
    {children}
  </section>
);

interface RowProps {
  shown: boolean;
  title: string;
  onOpen: () => void;
  children: ReactNode;
}

const Row = ({ shown, title, onOpen, children }: RowProps) => (
  <button
    type="button"
    title={withMarks(title)}
    aria-current={shown}
    onClick={onOpen}
    className={cx(
      'block h-7 w-full truncate rounded-md px-2 text-left font-mono hover:bg-hover pointer-coarse:h-11',
      shown && 'bg-selected',
    )}
  >
    {children}
  </button>
);

/** The text with its first match marked. */
function Marked({ text, query }: { text: string; query: string }) {
  const start = text.toLowerCase().indexOf(query.toLowerCase());
  if (start < 0) return <VisibleText>{text}</VisibleText>;
  const end = start + query.length;
  return (
    <>
      <VisibleText>{text.slice(0, start)}</VisibleText>
      <mark className="rounded-xs bg-warning-soft text-foreground">
        <VisibleText>{text.slice(start, end)}</VisibleText>
      </mark>
      <VisibleText>{text.slice(end)}</VisibleText>
    </>
  );
}
