import { CheckField } from '../../shared/ui/check-field.js';

interface TrustFieldProps {
  trusted: boolean;
  onChange: (trusted: boolean) => void;
}

/** Whether Codex starts what the repository's `.codex` folder names. */
export const TrustField = ({ trusted, onChange }: TrustFieldProps) => (
  <CheckField
    name="Trust the repository"
    note="Codex then starts the MCP servers and skills that its .codex folder names, in the jail, with this session’s network and without keys."
    checked={trusted}
    onChange={onChange}
  />
);
