import { useId } from 'react';

interface RevokeKeysFieldProps {
  value: boolean;
  onChange: (value: boolean) => void;
}

/** Offers to end the person's API keys together with their sign-ins: somebody with a stolen cookie may have made one. */
export function RevokeKeysField({ value, onChange }: RevokeKeysFieldProps) {
  const note = useId();
  return (
    <div className="text-sm">
      <label className="flex items-center gap-2 pointer-coarse:min-h-11">
        <input
          type="checkbox"
          aria-describedby={note}
          checked={value}
          onChange={(event) => onChange(event.target.checked)}
        />
        Revoke my API keys, too
      </label>
      <p id={note} className="mt-0.5 text-xs text-muted-foreground">
        Do this if somebody else may have used your account. Programs that use your keys need new ones.
      </p>
    </div>
  );
}
