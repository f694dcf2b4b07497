import { CircleAlert, RotateCw, X } from 'lucide-react';
import { cx } from '../../../shared/lib/cx.js';
import { IconButton } from '../../../shared/ui/icon-button.js';

/** An image in a composer. */
export interface AttachedImage {
  key: string;
  /** Address of what is shown; null: nothing yet. */
  src: string | null;
  /** How much was sent, from 0 to 1; null: it is complete, or not sent yet. */
  sent: number | null;
  /** Why it was refused, a sentence; null: it was not. */
  problem: string | null;
}

interface AttachedImagesProps {
  images: readonly AttachedImage[];
  onRemove: (key: string) => void;
  onRetry?: (key: string) => void;
}

/** The images that the next prompt will have, above its text. */
export function AttachedImages({ images, onRemove, onRetry }: AttachedImagesProps) {
  const problems = [...new Set(images.flatMap(({ problem }) => problem ?? []))];
  return (
    <div className="px-2 pt-1.5 pb-1">
      <ul aria-label="Attached images" className="flex flex-wrap gap-2">
        {images.map((image, index) => (
          <li key={image.key} className="relative">
            <Preview image={image} name={`Image ${index + 1}`} />
            {image.problem !== null && onRetry && (
              <IconButton
                label={`Upload image ${index + 1} again`}
                size="sm"
                onClick={() => onRetry(image.key)}
                className="absolute bottom-0.5 left-0.5 border bg-card"
              >
                <RotateCw />
              </IconButton>
            )}
            <IconButton
              label={`Remove image ${index + 1}`}
              size="sm"
              onClick={() => onRemove(image.key)}
              className="absolute -top-2 -right-2 text-foreground hover:bg-transparent pointer-coarse:-top-3.5 pointer-coarse:-right-3.5 [&_svg]:size-5! [&_svg]:rounded-full [&_svg]:border [&_svg]:bg-card [&_svg]:p-0.5 [&_svg]:shadow-xs"
            >
              <X />
            </IconButton>
          </li>
        ))}
      </ul>
      {problems.map((problem) => (
        <p key={problem} role="alert" className="pt-1.5 text-xs text-destructive">
          {problem}
        </p>
      ))}
    </div>
  );
}

function Preview({ image: { src, sent, problem }, name }: { image: AttachedImage; name: string }) {
  return (
    <div
      className={cx(
        'relative size-16 overflow-hidden pointer-coarse:size-20 rounded-lg border bg-muted',
        problem !== null && 'border-destructive/50',
      )}
    >
      {src !== null && <img src={src} alt={name} className="size-full object-cover" />}
      {problem !== null && (
        <CircleAlert aria-hidden className="absolute inset-0 m-auto size-5 text-destructive" />
      )}
      {sent !== null && (
        <div
          role="progressbar"
          aria-label={`Uploading ${name.toLowerCase()}`}
          aria-valuenow={Math.round(sent * 100)}
          className="absolute inset-x-1.5 bottom-1.5 h-1 overflow-hidden rounded-full bg-foreground/15"
        >
          <div className="h-full rounded-full bg-accent" style={{ width: `${Math.max(6, sent * 100)}%` }} />
        </div>
      )}
    </div>
  );
}
