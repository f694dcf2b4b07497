import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Button } from '../../shared/ui/button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { TextField } from '../../shared/ui/text-field.js';
import { BackToSignIn, FrameTitle } from './sign-in-frame.js';

interface MailLinkFormProps {
  title: string;
  note: string;
  /** What the mail is for, if there is one: "If an account has this address, …" */
  sent: string;
  send: (email: string) => Promise<void>;
}

/** Asks for an address to which a link is mailed. The answer says nothing about the address. */
export function MailLinkForm({ title, note, sent, send }: MailLinkFormProps) {
  const [email, setEmail] = useState('');
  const { mutate, error, isPending, isSuccess } = useMutation({ mutationFn: send });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    mutate(email);
  };

  if (isSuccess) {
    return (
      <div role="status">
        <FrameTitle title="Look into your mail" note={`${sent} The link works once, within an hour.`} />
        <BackToSignIn />
      </div>
    );
  }
  return (
    <>
      <FrameTitle title={title} note={note} />
      <form onSubmit={submit} className="mt-6 space-y-4">
        <TextField
          label="Email"
          type="email"
          autoComplete="username"
          required
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
        {error && <ErrorNotice error={error} />}
        <Button variant="primary" size="lg" type="submit" busy={isPending} className="w-full">
          Send me a link
        </Button>
      </form>
      <BackToSignIn />
    </>
  );
}
