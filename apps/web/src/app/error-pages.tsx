import { type ErrorComponentProps, Link } from '@tanstack/react-router';
import { Bug, Compass } from 'lucide-react';
import { useEffect } from 'react';
import { Button } from '../shared/ui/button.js';
import { EmptyState } from '../shared/ui/empty-state.js';

/** Shown in place of a page that threw, or whose code could not be loaded (for instance after an update). */
export function CrashPage({ error }: ErrorComponentProps) {
  useEffect(() => console.error(error), [error]);
  return (
    <main className="flex h-full items-center justify-center">
      <EmptyState
        icon={Bug}
        title="This page stopped working"
        action={
          <Button variant="primary" onClick={() => location.reload()}>
            Reload
          </Button>
        }
      >
        Your sessions are safe on the server. Reload to continue.
      </EmptyState>
    </main>
  );
}

export const NotFoundPage = () => (
  <main className="flex h-full items-center justify-center">
    <EmptyState
      icon={Compass}
      title="There is nothing here"
      action={
        <Button asChild>
          <Link to="/">Go home</Link>
        </Button>
      }
    >
      The address may be mistyped, or the page no longer exists.
    </EmptyState>
  </main>
);
