import { type AcceptInvitation, InvitationPreview } from '@saas-codex/contracts/members';
import { ROLE_TEXTS } from '@saas-codex/contracts/permission-texts';
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { toApiError } from '../../shared/api/api-error.js';
import { request } from '../../shared/api/request.js';
import { inWords, lookUp } from '../../shared/lib/open-enums.js';
import { useDocumentTitle } from '../../shared/lib/tab-badge.js';
import { BrandMark } from '../../shared/ui/brand-mark.js';
import { Button } from '../../shared/ui/button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { Spinner } from '../../shared/ui/spinner.js';
import { TextField } from '../../shared/ui/text-field.js';

/** The page that an invitation's link opens: what it is for, and how to accept it. */
export function InvitationPage() {
  useDocumentTitle('Invitation');
  // The secret stays in the address, so that the page can be opened again after signing in. It is never sent to a server as such.
  const [token] = useState(() => new URLSearchParams(location.hash.slice(1)).get('token') ?? '');
  const { mutate, data, error, isPending } = useMutation({ mutationFn: lookUpInvitation });
  const asked = useRef(false);
  useEffect(() => {
    if (!asked.current && token) mutate(token);
    asked.current = true;
  }, [mutate, token]);
  const problem = error && toApiError(error);

  return (
    <main className="flex h-full items-center justify-center overflow-y-auto px-4">
      <div className="w-full max-w-sm py-8">
        <BrandMark className="size-10" />
        {!token && (
          <Message title="The link is incomplete" detail="Open the whole link that you were given." />
        )}
        {isPending && (
          <p role="status" className="mt-6 flex items-center gap-2.5 text-md">
            <Spinner /> Reading the invitation…
          </p>
        )}
        {problem && <Message title={problem.title} detail={problem.detail} />}
        {problem?.transient && (
          <Button variant="primary" onClick={() => mutate(token)} className="mt-4">
            Try again
          </Button>
        )}
        {data && <Accept token={token} invitation={data} />}
      </div>
    </main>
  );
}

const Message = ({ title, detail }: { title: string; detail: string }) => (
  <>
    <h1 className="mt-6 text-xl font-semibold tracking-tight">{title}</h1>
    <p role="alert" className="mt-2 text-base text-muted-foreground">
      {detail}
    </p>
  </>
);

function Accept({ token, invitation }: { token: string; invitation: InvitationPreview }) {
  // A link that was used is not in the way back either.
  const accept = useMutation({ mutationFn: acceptInvitation, onSuccess: () => location.replace('/') });
  const { tenant_name: tenant, role, invited_by: inviter, signed_in_as: person, email } = invitation;
  return (
    <>
      <h1 className="mt-6 text-xl font-semibold tracking-tight">Join {tenant}</h1>
      <p className="mt-2 text-base text-muted-foreground">
        {inviter} invites you as {inWords(role).toLowerCase()}. {lookUp(ROLE_TEXTS, role)}
      </p>
      {person !== null ? (
        <>
          <p className="mt-4 text-sm">
            You are signed in as {person}.
            {email !== null &&
              email !== person &&
              ` The invitation is for ${email}: sign in as that person first.`}
          </p>
          <Button
            variant="primary"
            size="lg"
            className="mt-4"
            busy={accept.isPending}
            disabled={email !== null && email !== person}
            onClick={() => accept.mutate({ token })}
          >
            Join
          </Button>
        </>
      ) : (
        <NewAccount
          email={email}
          busy={accept.isPending}
          onSubmit={(account) => accept.mutate({ token, new_account: account })}
        />
      )}
      {accept.error && <ErrorNotice error={accept.error} className="mt-4" />}
    </>
  );
}

interface NewAccountProps {
  /** The address that the invitation is for. */
  email: string | null;
  busy: boolean;
  onSubmit: (account: NonNullable<AcceptInvitation['new_account']>) => void;
}

function NewAccount({ email: fixed, busy, onSubmit }: NewAccountProps) {
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit({ name: name.trim(), ...(fixed === null && { email: email.trim() }) });
  };
  return (
    <form onSubmit={submit} className="mt-4 space-y-3">
      <TextField
        label="Your name"
        autoComplete="name"
        autoFocus
        maxLength={100}
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      {fixed === null ? (
        <TextField
          label="E-mail address"
          type="email"
          autoComplete="email"
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
      ) : (
        <p className="text-sm text-muted-foreground">Your address: {fixed}</p>
      )}
      <Button
        variant="primary"
        size="lg"
        type="submit"
        busy={busy}
        disabled={!name.trim() || (fixed === null && !email.trim())}
      >
        Create an account and join
      </Button>
      <p className="text-sm text-muted-foreground">
        If you have an account here,{' '}
        <Link to="/sign-in" className="underline underline-offset-3">
          sign in
        </Link>{' '}
        first, then open the link again.
      </p>
    </form>
  );
}

const lookUpInvitation = (token: string): Promise<InvitationPreview> =>
  request('/api/invitations/look-up', { method: 'POST', schema: InvitationPreview, body: { token } });

const acceptInvitation = (body: AcceptInvitation): Promise<void> =>
  request('/api/invitations/accept', { method: 'POST', body });
