import { useId } from 'react';

interface TrustFieldProps {
  trusted: boolean;
  onChange: (trusted: boolean) => void;
}

/** Whether Codex starts what the repository's `.codex` folder names. */
export function TrustField({ trusted, onChange }: TrustFieldProps) {
  const id = useId();
  return (
    <label className="flex items-start gap-2.5 px-2.5 py-2">
      <input
        type="checkbox"
        checked={trusted}
        onChange={(event) => onChange(event.target.checked)}
        aria-labelledby={`${id}-name`}
        aria-describedby={`${id}-note`}
        className="mt-0.5 size-4 shrink-0 accent-accent"
      />
      <span>
        <span id={`${id}-name`} className="block text-sm font-medium">
          Trust the repository
        </span>
        <span id={`${id}-note`} className="block text-xs text-muted-foreground">
          Codex then starts the MCP servers and skills that its .codex folder names, in the jail, with this
          session’s network and without keys.
        </span>
      </span>
    </label>
  );
}
