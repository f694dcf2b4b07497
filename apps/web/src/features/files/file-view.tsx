import { useQuery } from '@tanstack/react-query';
import { Download } from 'lucide-react';
import type { ReactNode } from 'react';
import {
  fileContentQuery,
  fileDownloadUrl,
  fileImageUrl,
} from '../../entities/session/api/get-file-content.js';
import { isImage } from '../../entities/session/image-files.js';
import { RepositoryImage } from '../../entities/session/repository-image.js';
import { inBytes } from '../../shared/lib/bytes.js';
import { withMarks } from '../../shared/lib/hidden-characters.js';
import { CopyButton } from '../../shared/ui/copy-button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { IconButton } from '../../shared/ui/icon-button.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { VisibleText } from '../../shared/ui/visible-text.js';
import { CodeText } from './code-text.js';

interface FileViewProps {
  sessionId: string;
  at: string;
  path: string;
  /** To scroll to; null: the beginning. */
  line: number | null;
}

/** One file: its text in colours, an image, where a link leads to, or what to do about anything else. */
export function FileView({ sessionId, at, path, line }: FileViewProps) {
  const { data, error, refetch } = useQuery(fileContentQuery(sessionId, at, path));
  return (
    <section aria-label={withMarks(path)} className="flex min-h-0 flex-1 flex-col">
      <header className="flex min-h-10 items-center gap-2 border-b px-3 text-xs">
        <h2 className="min-w-0 flex-1 truncate font-mono" title={withMarks(path)}>
          <VisibleText>{path}</VisibleText>
        </h2>
        {data && <span className="shrink-0 text-subtle-foreground">{inBytes(data.bytes)}</span>}
        <CopyButton text={path} label="Copy path" />
        <IconButton
          label="Download file"
          size="sm"
          onClick={() => download(fileDownloadUrl(sessionId, at, path))}
        >
          <Download />
        </IconButton>
      </header>
      {error && !data && <ErrorNotice error={error} onRetry={() => void refetch()} className="m-3" />}
      {!data && !error && (
        <div aria-busy="true" className="space-y-2.5 p-3">
          <span className="sr-only">Loading the file</span>
          <Skeleton className="h-3 w-1/2" />
          <Skeleton className="h-3 w-4/5" />
          <Skeleton className="h-3 w-2/3" />
        </div>
      )}
      {data?.kind === 'link' && (
        <Note>
          A link to <code className="font-mono">{withMarks(data.text ?? '')}</code>
        </Note>
      )}
      {data && data.kind !== 'link' && data.text === null && isImage(path) && (
        <figure className="min-h-0 flex-1 space-y-1.5 overflow-y-auto p-3">
          <RepositoryImage src={fileImageUrl(sessionId, at, path)} alt={withMarks(path)} />
        </figure>
      )}
      {data && data.kind !== 'link' && data.text === null && !isImage(path) && (
        <Note>A binary file, not shown. Download it.</Note>
      )}
      {data?.text === '' && data.kind !== 'link' && <Note>An empty file</Note>}
      {data?.text && data.kind !== 'link' && <CodeText path={path} text={data.text} line={line} />}
      {data?.truncated && data.text !== null && (
        <p className="border-t px-3 py-2 text-xs text-muted-foreground">
          This is the beginning of the file. Download it to see the rest.
        </p>
      )}
    </section>
  );
}

const Note = ({ children }: { children: ReactNode }) => (
  <p className="px-4 py-8 text-center text-xs text-muted-foreground">{children}</p>
);

function download(url: string): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = '';
  link.click();
}
