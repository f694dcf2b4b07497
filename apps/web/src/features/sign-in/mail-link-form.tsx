import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { TextField } from '../../shared/ui/text-field.js';
import { SignInForm } from './sign-in-form.js';
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
  const asked = useMutation({ mutationFn: send });

  if (asked.isSuccess) {
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
      <SignInForm action="Send me a link" state={asked} onSubmit={() => asked.mutate(email)}>
        <TextField
          label="Email"
          type="email"
          autoComplete="username"
          required
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
      </SignInForm>
      <BackToSignIn />
    </>
  );
}
