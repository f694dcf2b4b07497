import type { DiffFile } from '@saas-codex/contracts/diffs';
import { fileImageUrl } from '../../entities/session/api/get-file-content.js';
import { RepositoryImage } from '../../entities/session/repository-image.js';

interface ImageDiffProps {
  sessionId: string;
  /** The trees that the list of files compares. */
  from: string;
  to: string;
  file: DiffFile;
}

/** Both sides of an image; of a new or deleted one, the side that there is. */
export function ImageDiff({ sessionId, from, to, file }: ImageDiffProps) {
  const { path, old_path: oldPath, status } = file;
  return (
    <div className="@container">
      <div className="flex flex-col gap-3 p-3 @lg:flex-row">
        {status !== 'added' && (
          <Side name="Before" tone="text-destructive" src={fileImageUrl(sessionId, from, oldPath ?? path)} />
        )}
        {status !== 'deleted' && (
          <Side name="After" tone="text-success" src={fileImageUrl(sessionId, to, path)} />
        )}
      </div>
    </div>
  );
}

const Side = ({ name, tone, src }: { name: string; tone: string; src: string }) => (
  <figure className="flex min-w-0 flex-1 flex-col gap-1.5">
    <figcaption className={`text-center text-xs font-medium ${tone}`}>{name}</figcaption>
    <RepositoryImage src={src} alt={`The image ${name.toLowerCase()} the change`} />
  </figure>
);
