import { ROLE_TEXTS } from '@saas-codex/contracts/permission-texts';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Monitor, Moon, Sun } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { meQuery } from '../../shared/api/get-me.js';
import { request } from '../../shared/api/request.js';
import { inWords, lookUp } from '../../shared/lib/open-enums.js';
import { drafts } from '../../shared/lib/drafts.js';
import { live } from '../../shared/sse/live.js';
import { ActionDialog } from '../../shared/ui/action-dialog.js';
import { Button } from '../../shared/ui/button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { Segmented } from '../../shared/ui/segmented.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { setTheme, THEME_CHOICES, type ThemeChoice, useThemeChoice } from '../../shared/ui/theme.js';
import { Row, Section } from './section.js';
import { EmailRow } from './you/email-row.js';
import { NameRow } from './you/name-row.js';
import { NotificationsSection } from './you/notifications-section.js';
import { PasskeysSection } from './you/passkeys-section.js';
import { PasswordRow } from './you/password-row.js';
import { SecondFactorRow } from './you/second-factor-row.js';
import { SignInsSection } from './you/sign-ins-section.js';

/** The person's own account and this browser. */
export function AccountPage() {
  return (
    <>
      <Section title="Appearance">
        <Row name="Theme">
          <ThemeSwitch />
        </Row>
      </Section>
      <NotificationsSection />
      <AccountSection />
      <PasskeysSection />
      <SignInsSection />
    </>
  );
}

function AccountSection() {
  const { data: me, error, refetch } = useQuery(meQuery);
  return (
    <Section title="Account">
      {error && !me ? (
        <ErrorNotice error={error} onRetry={() => void refetch()} />
      ) : (
        <>
          <NameRow name={me?.user.name} />
          <EmailRow email={me?.user.email} />
          <Row name="Role" note={me && lookUp(ROLE_TEXTS, me.role)}>
            {orWaiting(me && inWords(me.role))}
          </Row>
          <PasswordRow />
          <SecondFactorRow />
          <Row name="This browser">
            <SignOutButton />
          </Row>
        </>
      )}
    </Section>
  );
}

const orWaiting = (text: string | undefined): ReactNode => text ?? <Skeleton className="h-4 w-32" />;

function SignOutButton() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const signingOut = useMutation({
    mutationFn: signOut,
    onSuccess: async () => {
      live.signOut();
      drafts.forget();
      await navigate({ to: '/sign-in' });
      client.clear();
    },
  });
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Button size="sm" onClick={() => setAsking(true)}>
        Sign out
      </Button>
      {asking && (
        <ActionDialog
          title="Sign out of this browser?"
          description="To come back you need your password, or a new sign-in link. Your sessions keep running. Texts that you have not sent are removed from this browser."
          action="Sign out"
          state={signingOut}
          onSubmit={() => signingOut.mutate()}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}

/** Signs this browser out. */
const signOut = (): Promise<void> => request('/api/auth/sign-out', { method: 'POST' });

const LOOKS: Record<ThemeChoice, { icon: typeof Sun; name: string }> = {
  system: { icon: Monitor, name: 'System' },
  light: { icon: Sun, name: 'Light' },
  dark: { icon: Moon, name: 'Dark' },
};

const OPTIONS = THEME_CHOICES.map((value) => ({ value, ...LOOKS[value] }));

const ThemeSwitch = () => (
  <Segmented label="Theme" value={useThemeChoice()} onChange={setTheme} options={OPTIONS} />
);
