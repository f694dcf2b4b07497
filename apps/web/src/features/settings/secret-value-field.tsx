import { SecretName, SecretValue } from '@saas-codex/contracts/secrets';
import { useId } from 'react';
import { cx } from '../../shared/lib/cx.js';

interface SecretValueFieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  error: string | undefined;
  hint: string;
}

/** A field for a value of one or more lines, such as a private key. What is typed is not shown, suggested or corrected. */
export function SecretValueField({ label, value, onChange, error, hint }: SecretValueFieldProps) {
  const id = useId();
  return (
    <div>
      <label htmlFor={id} className="mb-1.5 block text-xs font-medium">
        {label}
      </label>
      <textarea
        id={id}
        rows={3}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        autoComplete="off"
        autoCorrect="off"
        autoCapitalize="off"
        spellCheck={false}
        aria-invalid={error ? true : undefined}
        aria-describedby={`${id}-note`}
        className={cx(
          'block w-full resize-y rounded-lg border border-input bg-background px-2.5 py-1.5 font-mono text-xs outline-none',
          'focus:border-accent focus:ring-2 focus:ring-ring/30 aria-invalid:border-destructive',
          '[-webkit-text-security:disc]',
        )}
      />
      <p
        id={`${id}-note`}
        className={cx('mt-1.5 text-xs', error ? 'text-destructive' : 'text-muted-foreground')}
      >
        {error ?? hint}
      </p>
    </div>
  );
}

/** What is wrong with what a person has typed; undefined: nothing, or nothing was typed. */
export const nameError = (name: string): string | undefined => errorOf(SecretName, name);
export const valueError = (value: string): string | undefined => errorOf(SecretValue, value);

function errorOf(schema: typeof SecretName, typed: string): string | undefined {
  const message = typed === '' ? undefined : schema.safeParse(typed).error?.issues[0]?.message;
  return message && `It ${message}.`;
}
