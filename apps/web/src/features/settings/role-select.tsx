import { ROLE_TEXTS } from '@saas-codex/contracts/permission-texts';
import { type Role, ROLES } from '@saas-codex/contracts/permissions';
import { usePermission } from '../../shared/api/use-permission.js';
import { inWords } from '../../shared/lib/open-enums.js';

interface RoleSelectProps {
  label: string;
  value: string;
  disabled?: boolean;
  onChange: (role: Role) => void;
}

/** A choice of the roles that the person may give. */
export function RoleSelect({ label, value, disabled, onChange }: RoleSelectProps) {
  const mayNameOwners = usePermission('owners:manage');
  const offered = ROLES.filter((role) => role !== 'owner' || mayNameOwners || role === value);
  return (
    <select
      aria-label={label}
      value={value}
      disabled={disabled}
      onChange={(event) => onChange(event.target.value as Role)}
      className="h-8 rounded-lg border border-input bg-background px-2 text-sm pointer-coarse:h-11"
    >
      {!offered.some((role) => role === value) && <option value={value}>{inWords(value)}</option>}
      {offered.map((role) => (
        <option key={role} value={role} title={ROLE_TEXTS[role]}>
          {inWords(role)}
        </option>
      ))}
    </select>
  );
}
