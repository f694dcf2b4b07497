import { PERMISSION_TEXTS, ROLE_TEXTS } from '@saas-codex/contracts/permission-texts';
import { PERMISSION_TABLE, PERMISSIONS, ROLES } from '@saas-codex/contracts/permissions';
import { useQuery } from '@tanstack/react-query';
import { meQuery } from '../../shared/api/get-me.js';
import { inWords } from '../../shared/lib/open-enums.js';
import { Badge } from '../../shared/ui/badge.js';
import { Section } from './section.js';

/** What each role may do, from the least one on. */
export function RolesPage() {
  const { data: me } = useQuery(meQuery);
  return ROLES.toReversed().map((role, index, roles) => {
    const below = roles[index - 1];
    return (
      <Section key={role} title={inWords(role)}>
        <div className="flex items-start justify-between gap-4 py-3 text-sm">
          <p>{ROLE_TEXTS[role]}</p>
          {me?.role === role && <Badge>Your role</Badge>}
        </div>
        <ul className="list-disc space-y-1 py-3 pl-4 text-sm text-muted-foreground">
          {below && <li>Everything that a {below} may do</li>}
          {PERMISSIONS.filter((permission) => PERMISSION_TABLE[permission] === role).map((permission) => (
            <li key={permission}>{PERMISSION_TEXTS[permission]}</li>
          ))}
        </ul>
      </Section>
    );
  });
}
