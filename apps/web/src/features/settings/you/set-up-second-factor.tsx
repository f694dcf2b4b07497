import type { SecondFactorSetup } from '@saas-codex/contracts/second-factor';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { QRCodeSVG } from 'qrcode.react';
import { useState } from 'react';
import { ActionDialog } from '../../../shared/ui/action-dialog.js';
import { Button } from '../../../shared/ui/button.js';
import { CodeField } from '../../../shared/ui/code-field.js';
import { CopyButton } from '../../../shared/ui/copy-button.js';
import { Dialog, DialogActions } from '../../../shared/ui/dialog.js';
import { TextField } from '../../../shared/ui/text-field.js';
import { signInsQuery } from '../api/account.js';
import { credentialsQuery } from '../api/credentials.js';
import { confirmSecondFactor, startSecondFactor } from '../api/second-factor.js';

/** Three steps: the password, the app, and the recovery codes, which are shown once. */
export function SetUpSecondFactor({ hasPassword, onClose }: { hasPassword: boolean; onClose: () => void }) {
  const client = useQueryClient();
  const start = useMutation({ mutationFn: startSecondFactor });
  const confirm = useMutation({
    mutationFn: confirmSecondFactor,
    onSuccess: () => client.invalidateQueries({ queryKey: signInsQuery.queryKey }),
  });
  // The row behind the dialog changes once the codes were seen.
  const finish = () => {
    void client.invalidateQueries({ queryKey: credentialsQuery.queryKey });
    onClose();
  };
  if (confirm.data) return <KeepCodes codes={confirm.data.recovery_codes} onClose={finish} />;
  if (start.data) {
    return (
      <ScanCode
        setup={start.data}
        state={confirm}
        onCode={(code) => confirm.mutate({ code })}
        onClose={onClose}
      />
    );
  }
  return (
    <Begin
      hasPassword={hasPassword}
      state={start}
      onBegin={(password) => start.mutate({ ...(hasPassword && { current_password: password }) })}
      onClose={onClose}
    />
  );
}

interface StepProps {
  state: { isPending: boolean; error: Error | null };
  onClose: () => void;
}

function Begin({
  hasPassword,
  state,
  onBegin,
  onClose,
}: StepProps & { hasPassword: boolean; onBegin: (password: string) => void }) {
  const [password, setPassword] = useState('');
  return (
    <ActionDialog
      title="Set up an authenticator app"
      description="Signing in with your password then also takes a code that an app on your phone shows. You will be signed out in all other browsers."
      action="Continue"
      state={state}
      onSubmit={() => onBegin(password)}
      onClose={onClose}
    >
      {hasPassword && (
        <TextField
          label="Current password"
          type="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
      )}
    </ActionDialog>
  );
}

function ScanCode({
  setup,
  state,
  onCode,
  onClose,
}: StepProps & { setup: SecondFactorSetup; onCode: (code: string) => void }) {
  const [code, setCode] = useState('');
  return (
    <ActionDialog
      title="Scan this with your app"
      description="Or type the secret into it."
      action="Confirm"
      state={state}
      onSubmit={() => onCode(code)}
      onClose={onClose}
    >
      {/* Cameras need dark on light, whatever the theme. */}
      <div className="w-fit rounded-lg bg-white p-3">
        <QRCodeSVG value={setup.uri} size={160} title="The secret as a QR code" />
      </div>
      <div className="flex items-start gap-2">
        <code className="min-w-0 flex-1 font-mono text-xs [overflow-wrap:anywhere] select-all">
          {setup.secret}
        </code>
        <CopyButton label="Copy the secret" text={setup.secret} />
      </div>
      <CodeField value={code} onChange={setCode} recovery={false} />
    </ActionDialog>
  );
}

function KeepCodes({ codes, onClose }: { codes: string[]; onClose: () => void }) {
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Keep your recovery codes"
      description="If you lose your phone, each of them takes the place of one code. They are not shown again."
    >
      <div role="status" className="mt-4 flex items-start gap-2 rounded-lg border bg-muted/60 px-3 py-2">
        <ul className="min-w-0 flex-1 font-mono text-xs leading-6 select-all">
          {codes.map((code) => (
            <li key={code}>{code}</li>
          ))}
        </ul>
        <CopyButton label="Copy the recovery codes" text={codes.join('\n')} />
      </div>
      <DialogActions>
        <Button variant="primary" onClick={onClose}>
          I have kept them
        </Button>
      </DialogActions>
    </Dialog>
  );
}
