import { useId } from 'react';

interface TrustFieldProps {
  trusted: boolean;
  onChange: (trusted: boolean) => void;
}

/** Whether Codex starts what the repository's `.codex` folder names. */
export function TrustField({ trusted, onChange }: TrustFieldProps) {
  const id = useId();
  return (
    <div className="flex items-start gap-2.5 px-2.5 py-2">
      <input
        id={id}
        type="checkbox"
        checked={trusted}
        onChange={(event) => onChange(event.target.checked)}
        aria-describedby={`${id}-note`}
        className="mt-0.5 size-4 shrink-0 accent-accent"
      />
      <div>
        <label htmlFor={id} className="block text-sm font-medium">
          Trust the repository
        </label>
        <p id={`${id}-note`} className="text-xs text-muted-foreground">
          Codex then starts the MCP servers and skills that its .codex folder names, in the jail, with this
          session’s network and without keys.
        </p>
      </div>
    </div>
  );
}
