import { MAX_SECRETS_PER_SESSION } from '@saas-codex/contracts/secrets';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { usePermission } from '../../shared/api/use-permission.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { LoadMore } from '../../shared/ui/load-more.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { secretsQuery } from './api/list-secrets.js';

interface SecretsFieldProps {
  /** Names of the chosen secrets. */
  value: readonly string[];
  onChange: (names: string[]) => void;
}

/** Chooses the secrets that a session's setup and agent get as environment variables. */
export function SecretsField(props: SecretsFieldProps) {
  const mayRead = usePermission('secrets:read');
  if (mayRead) return <Choices {...props} />;
  return (
    <p className="px-2.5 py-2 text-sm text-muted-foreground">Your role does not allow you to see secrets.</p>
  );
}

function Choices({ value, onChange }: SecretsFieldProps) {
  const query = useInfiniteQuery(secretsQuery);
  if (query.isPending) return <Skeleton className="mx-2.5 my-2 h-16" />;
  if (query.isError && !query.data)
    return <ErrorNotice error={query.error} onRetry={() => void query.refetch()} className="mx-2.5 my-2" />;
  const saved = query.data.pages.flatMap((page) => page.items.map(({ name }) => name));
  const deleted = query.hasNextPage ? [] : value.filter((name) => !saved.includes(name));
  const names = [...saved, ...deleted];
  const toggle = (name: string, on: boolean) =>
    onChange(on ? [...value, name] : value.filter((each) => each !== name));
  return (
    <fieldset>
      <legend className="px-2.5 pb-1 text-xs text-muted-foreground">
        The setup script and the agent get these as environment variables. Values are redacted from what they
        print, but whoever can send prompts can make use of them.
      </legend>
      {names.length === 0 && (
        <p className="px-2.5 py-2 text-sm text-muted-foreground">There are no secrets yet.</p>
      )}
      <div className="max-h-60 overflow-y-auto">
        {names.map((name) => (
          <label key={name} className="flex items-center gap-2.5 px-2.5 py-1 pointer-coarse:min-h-11">
            <input
              type="checkbox"
              checked={value.includes(name)}
              disabled={!value.includes(name) && value.length >= MAX_SECRETS_PER_SESSION}
              onChange={(event) => toggle(name, event.target.checked)}
              className="size-4 shrink-0 accent-accent"
            />
            <code className="min-w-0 font-mono text-xs [overflow-wrap:anywhere]">{name}</code>
            {deleted.includes(name) && <span className="text-xs text-destructive">was deleted</span>}
          </label>
        ))}
        <LoadMore query={query} />
      </div>
      <p className="px-2.5 pt-1 text-xs">
        <Link
          to="/settings/$page"
          params={{ page: 'secrets' }}
          className="text-muted-foreground underline hover:text-foreground"
        >
          All secrets
        </Link>
      </p>
    </fieldset>
  );
}
