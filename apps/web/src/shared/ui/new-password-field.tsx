import { PASSWORD_LENGTH } from '@saas-codex/contracts/password';
import { TextField } from './text-field.js';

const HINT = `At least ${PASSWORD_LENGTH.min} characters. A few words are easy to remember.`;

export const isPassword = (text: string): boolean =>
  text.length >= PASSWORD_LENGTH.min && text.length <= PASSWORD_LENGTH.max;

interface NewPasswordFieldProps {
  value: string;
  onChange: (password: string) => void;
}

/** Where a person chooses a password. */
export const NewPasswordField = ({ value, onChange }: NewPasswordFieldProps) => (
  <TextField
    label="New password"
    type="password"
    autoComplete="new-password"
    required
    maxLength={PASSWORD_LENGTH.max}
    hint={HINT}
    value={value}
    onChange={(event) => onChange(event.target.value)}
  />
);
