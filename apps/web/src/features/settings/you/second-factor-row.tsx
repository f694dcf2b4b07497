import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Button } from '../../../shared/ui/button.js';
import { later } from '../../../shared/ui/later.js';
import { Skeleton } from '../../../shared/ui/skeleton.js';
import { credentialsQuery } from '../api/credentials.js';
import { Row } from '../section.js';
import { RemoveSecondFactor } from './remove-second-factor.js';

const SetUpSecondFactor = later(async () => (await import('./set-up-second-factor.js')).SetUpSecondFactor);

/** Whether signing in with a password also takes the code of an app, and the dialogs that change it. */
export function SecondFactorRow() {
  const { data: credentials } = useQuery(credentialsQuery);
  // It stays the same while a dialog is open: what it has done is shown first.
  const [dialog, setDialog] = useState<'set-up' | 'remove' | null>(null);
  const close = () => setDialog(null);
  // An older server has none. Without an answer the row of the password says why.
  if (credentials && !credentials.second_factor) return null;
  const factor = credentials?.second_factor;
  return (
    <Row name="Authenticator app" note={factor && noteOn(factor)}>
      {factor ? (
        <Button size="sm" onClick={() => setDialog(factor.enabled ? 'remove' : 'set-up')}>
          {factor.enabled ? 'Remove the app' : 'Set up an app'}
        </Button>
      ) : (
        <Skeleton className="h-4 w-32" />
      )}
      {credentials && dialog === 'set-up' && (
        <SetUpSecondFactor hasPassword={credentials.password} onClose={close} />
      )}
      {credentials && dialog === 'remove' && (
        <RemoveSecondFactor hasPassword={credentials.password} onClose={close} />
      )}
    </Row>
  );
}

function noteOn({ enabled, recovery_codes: left }: { enabled: boolean; recovery_codes: number }): string {
  if (!enabled) return 'With one, signing in with your password also takes a code.';
  if (left === 0)
    return 'You have no recovery codes left. Remove the app and set it up again to get new ones.';
  return `Signing in with your password also takes a code. ${left === 1 ? '1 recovery code' : `${left} recovery codes`} left.`;
}
