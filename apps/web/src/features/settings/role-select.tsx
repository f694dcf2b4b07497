import { ROLE_TEXTS } from '@saas-codex/contracts/permission-texts';
import type { Role } from '@saas-codex/contracts/permissions';
import { usePermission } from '../../shared/api/use-permission.js';
import { inWords } from '../../shared/lib/open-enums.js';

interface RoleSelectProps<R extends Role> {
  label: string;
  roles: readonly R[];
  value: string;
  disabled?: boolean;
  onChange: (role: R) => void;
}

/** A choice of those of the roles that the person may give. */
export function RoleSelect<R extends Role>({ label, roles, value, disabled, onChange }: RoleSelectProps<R>) {
  const mayNameOwners = usePermission('owners:manage');
  const offered = roles.filter((role) => role !== 'owner' || mayNameOwners || role === value);
  return (
    <select
      aria-label={label}
      value={value}
      disabled={disabled}
      onChange={(event) => onChange(event.target.value as R)}
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
