import type { SignInEntry } from '@saas-codex/contracts/sign-in';
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { formatAge, useMinuteClock } from '../../../shared/lib/time.js';
import { ActionDialog } from '../../../shared/ui/action-dialog.js';
import { Badge } from '../../../shared/ui/badge.js';
import { Button } from '../../../shared/ui/button.js';
import { ErrorNotice } from '../../../shared/ui/error-notice.js';
import { RevokeKeysField } from '../../../shared/ui/revoke-keys-field.js';
import { Skeleton } from '../../../shared/ui/skeleton.js';
import { toastError } from '../../../shared/ui/toast.js';
import { apiKeysQuery, OWN_KEYS } from '../api/api-keys.js';
import { revokeOtherSignIns, revokeSignIn, signInsQuery } from '../api/account.js';
import { Row, Section } from '../section.js';
import { describeBrowser } from './describe-browser.js';

/** The browsers in which the person is signed in, and how to sign them out. */
export function SignInsSection() {
  const {
    data: signIns,
    error,
    refetch,
    hasNextPage,
    fetchNextPage,
    isFetchingNextPage,
  } = useInfiniteQuery(signInsQuery);
  return (
    <Section title="Where you are signed in">
      {signIns?.map((signIn) => (
        <SignInRow key={signIn.sign_in_id} signIn={signIn} />
      ))}
      {!signIns && error && <ErrorNotice error={error} onRetry={() => void refetch()} className="my-3" />}
      {!signIns && !error && <Skeleton className="my-3 h-16" />}
      {hasNextPage && (
        <div className="py-3">
          <Button size="sm" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Show more
          </Button>
        </div>
      )}
      {signIns && signIns.length > 1 && <RevokeOthers />}
    </Section>
  );
}

function SignInRow({ signIn }: { signIn: SignInEntry }) {
  const client = useQueryClient();
  const now = useMinuteClock();
  const { mutate, isPending } = useMutation({
    mutationFn: () => revokeSignIn(signIn.sign_in_id),
    onSettled: () => client.invalidateQueries({ queryKey: signInsQuery.queryKey }),
    onError: (error) => toastError(error),
  });
  const name = describeBrowser(signIn.user_agent);
  const age = formatAge(signIn.last_used_at, now);
  const used = `Last used ${age === 'now' ? 'now' : /^\d+[mhd]$/.test(age) ? `${age} ago` : `on ${age}`}`;
  return (
    <Row name={name} note={signIn.address ? `${used}, from ${signIn.address}` : used}>
      {signIn.current ? (
        <Badge>This browser</Badge>
      ) : (
        <Button size="sm" busy={isPending} aria-label={`Sign out ${name}`} onClick={() => mutate()}>
          Sign out
        </Button>
      )}
    </Row>
  );
}

function RevokeOthers() {
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const [revokesKeys, setRevokesKeys] = useState(false);
  const revoke = useMutation({
    mutationFn: revokeOtherSignIns,
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: signInsQuery.queryKey });
      await client.invalidateQueries({ queryKey: apiKeysQuery(OWN_KEYS).queryKey });
      setAsking(false);
    },
  });
  return (
    <div className="py-3">
      <Button size="sm" onClick={() => setAsking(true)}>
        Sign out everywhere else
      </Button>
      {asking && (
        <ActionDialog
          title="Sign out everywhere else?"
          description="Every other browser needs a new sign-in. Your sessions keep running."
          action="Sign out the others"
          state={revoke}
          onSubmit={() => revoke.mutate({ revokesKeys })}
          onClose={() => setAsking(false)}
        >
          <RevokeKeysField value={revokesKeys} onChange={setRevokesKeys} />
        </ActionDialog>
      )}
    </div>
  );
}
