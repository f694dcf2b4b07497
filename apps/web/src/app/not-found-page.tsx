import { Link } from '@tanstack/react-router';
import { Compass } from 'lucide-react';
import { Button } from '../shared/ui/button.js';
import { EmptyState } from '../shared/ui/empty-state.js';

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
      The address may be mistyped, or what it named is gone.
    </EmptyState>
  </main>
);
