import { ApiError } from '../../shared/api/api-error.js';
import { VisibleText } from '../../shared/ui/visible-text.js';

/** Where an edit did not fit. */
export function ConflictList({ error }: { error: Error | null }) {
  const conflicts = (error instanceof ApiError && error.problem?.conflicts) || [];
  if (conflicts.length === 0) return null;
  return (
    <ul aria-label="What does not fit" className="max-h-32 space-y-0.5 overflow-y-auto text-xs">
      {conflicts.map(({ path, hunks }) => (
        <li key={path} className="flex justify-between gap-3">
          <span className="min-w-0 truncate font-mono">
            <VisibleText>{path}</VisibleText>
          </span>
          <span className="shrink-0 text-muted-foreground">
            {hunks.length > 0 ? `at line ${hunks.map(({ start }) => start).join(', ')}` : 'the whole file'}
          </span>
        </li>
      ))}
    </ul>
  );
}
