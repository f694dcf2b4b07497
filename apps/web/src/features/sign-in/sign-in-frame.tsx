import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { BrandMark } from '../../shared/ui/brand-mark.js';

/** The page of somebody who is not signed in. */
export const SignInFrame = ({ children }: { children: ReactNode }) => (
  <main className="flex h-full overflow-y-auto px-4 py-8">
    <div className="m-auto w-full max-w-sm">
      <BrandMark className="size-10" />
      {children}
    </div>
  </main>
);

/** @param note below the title @param alert it is a failure */
export const FrameTitle = ({ title, note, alert }: { title: string; note?: ReactNode; alert?: boolean }) => (
  <>
    <h1 className="mt-6 text-xl font-semibold tracking-tight">{title}</h1>
    {note && (
      <p role={alert ? 'alert' : undefined} className="mt-2 text-base text-muted-foreground">
        {note}
      </p>
    )}
  </>
);

export const FrameLink = ({
  to,
  children,
}: {
  to: '/sign-in' | '/sign-up' | '/forgot-password';
  children: ReactNode;
}) => (
  <Link to={to} className="font-medium text-foreground underline underline-offset-2">
    {children}
  </Link>
);

/** The way back from a page that needs no form any more. */
export const BackToSignIn = () => (
  <p className="mt-5 text-sm text-muted-foreground">
    <FrameLink to="/sign-in">Back to signing in</FrameLink>
  </p>
);
