import { ROLE_TEXTS } from '@saas-codex/contracts/permission-texts';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { Monitor, Moon, Sun } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { meQuery } from '../../shared/api/get-me.js';
import { systemQuery } from '../../shared/api/get-system.js';
import { request } from '../../shared/api/request.js';
import { inWords, lookUp } from '../../shared/lib/open-enums.js';
import { useDocumentTitle } from '../../shared/lib/use-document-title.js';
import { live } from '../../shared/sse/live.js';
import { Button } from '../../shared/ui/button.js';
import { Dialog, DialogActions } from '../../shared/ui/dialog.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { PageHeader } from '../../shared/ui/page-header.js';
import { Segmented } from '../../shared/ui/segmented.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { setTheme, THEME_CHOICES, type ThemeChoice, useThemeChoice } from '../../shared/ui/theme.js';
import { toastError } from '../../shared/ui/toast.js';
import { OrganisationSection } from './organisation-section.js';
import { Row, Section } from './section.js';
import { SystemSection } from './system-section.js';
import { UsageSection } from './usage-section.js';
import { EmailRow } from './you/email-row.js';
import { NameRow } from './you/name-row.js';
import { PasswordRow } from './you/password-row.js';
import { SignInsSection } from './you/sign-ins-section.js';

export function SettingsPage() {
  useDocumentTitle('Settings');
  return (
    <main className="flex h-full flex-col overflow-y-auto">
      <PageHeader />
      <div className="mx-auto w-full max-w-2xl px-4 pb-16">
        <h1 className="mb-6 text-xl font-semibold tracking-tight">Settings</h1>
        <Section title="Appearance">
          <Row name="Theme">
            <ThemeSwitch />
          </Row>
        </Section>
        <AccountSection />
        <SignInsSection />
        <OrganisationPart />
        <UsageSection />
        <SystemPart />
      </div>
    </main>
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
          <Row name="API keys" note="For programs that act for you.">
            <Button size="sm" asChild>
              <Link to="/settings/api-keys">Your API keys</Link>
            </Button>
          </Row>
          <PasswordRow />
          <Row name="This browser">
            <SignOutButton />
          </Row>
        </>
      )}
    </Section>
  );
}

function OrganisationPart() {
  const { data: me } = useQuery(meQuery);
  // Without an answer the account's section says why.
  return me && <OrganisationSection me={me} />;
}

function SystemPart() {
  const { data: system, error, refetch } = useQuery(systemQuery);
  if (system) return <SystemSection system={system} />;
  return (
    <Section title="System">
      {error ? (
        <ErrorNotice error={error} onRetry={() => void refetch()} />
      ) : (
        <Skeleton className="my-3 h-24" />
      )}
    </Section>
  );
}

const orWaiting = (text: string | undefined): ReactNode => text ?? <Skeleton className="h-4 w-32" />;

function SignOutButton() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const { mutate, isPending } = useMutation({
    mutationFn: signOut,
    onSuccess: async () => {
      live.signOut();
      await navigate({ to: '/sign-in' });
      client.clear();
    },
    onError: (error) => toastError(error),
  });
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Button size="sm" onClick={() => setAsking(true)}>
        Sign out
      </Button>
      <Dialog
        open={asking}
        onOpenChange={setAsking}
        title="Sign out of this browser?"
        description="To come back you need your password, or a new sign-in link. Your sessions keep running."
      >
        <DialogActions>
          <Button onClick={() => setAsking(false)}>Cancel</Button>
          <Button variant="primary" busy={isPending} onClick={() => mutate()}>
            Sign out
          </Button>
        </DialogActions>
      </Dialog>
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
