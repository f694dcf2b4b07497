import { TextField } from './text-field.js';

interface CodeFieldProps {
  value: string;
  onChange: (value: string) => void;
  /** Whether a recovery code takes the place of the app's. */
  recovery?: boolean;
  autoFocus?: boolean;
}

/** Where the code of an authenticator app is entered. */
export const CodeField = ({ value, onChange, recovery = true, autoFocus }: CodeFieldProps) => (
  <TextField
    label="Code"
    hint={recovery ? 'From your authenticator app, or a recovery code.' : 'The 6 digits that the app shows.'}
    autoComplete="one-time-code"
    autoCapitalize="none"
    spellCheck={false}
    minLength={6}
    maxLength={40}
    required
    autoFocus={autoFocus}
    value={value}
    onChange={(event) => onChange(event.target.value)}
  />
);
