import { useQuery } from '@tanstack/react-query';
import { useDocumentTitle } from '../../shared/lib/tab-badge.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { askForPasswordReset, signInOptionsQuery } from './api/sign-in.js';
import { MailLinkForm } from './mail-link-form.js';
import { BackToSignIn, FrameTitle, SignInFrame } from './sign-in-frame.js';

/** How somebody who does not know their password gets a new one. */
export function ForgotPasswordPage() {
  useDocumentTitle('Reset your password');
  const { data: options, error, refetch } = useQuery(signInOptionsQuery);
  return (
    <SignInFrame>
      {options ? (
        options.mail ? (
          <MailLinkForm
            title="Reset your password"
            note="We mail you a link with which you choose a new one."
            sent="If an account has this address, a mail is on its way."
            send={askForPasswordReset}
          />
        ) : (
          <>
            <FrameTitle
              title="Ask an admin"
              note="This installation sends no mail. An admin of your organisation can make a link that resets your password."
            />
            <BackToSignIn />
          </>
        )
      ) : error ? (
        <ErrorNotice error={error} onRetry={() => void refetch()} className="mt-6" />
      ) : (
        <Skeleton className="mt-6 h-40" />
      )}
    </SignInFrame>
  );
}
