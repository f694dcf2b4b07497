import { TextField } from '../../../shared/ui/text-field.js';

interface CurrentPasswordFieldProps {
  value: string;
  onChange: (password: string) => void;
}

/** With the password the person shows that it is they, and not somebody at their browser. */
export const CurrentPasswordField = ({ value, onChange }: CurrentPasswordFieldProps) => (
  <TextField
    label="Current password"
    type="password"
    autoComplete="current-password"
    required
    value={value}
    onChange={(event) => onChange(event.target.value)}
  />
);
