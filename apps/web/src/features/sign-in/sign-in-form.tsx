import type { FormEvent, ReactNode } from 'react';
import { Button } from '../../shared/ui/button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';

interface SignInFormProps {
  /** What the button says. */
  action: string;
  disabled?: boolean;
  /** Of the mutation that it starts. */
  state: { isPending: boolean; error: Error | null };
  onSubmit: () => void;
  /** The fields. */
  children: ReactNode;
}

/** A form on a page without the shell: fields, why it failed, one wide button. */
export function SignInForm({ action, disabled, state, onSubmit, children }: SignInFormProps) {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <form onSubmit={submit} className="mt-6 space-y-4">
      {children}
      {state.error && <ErrorNotice error={state.error} />}
      <Button
        variant="primary"
        size="lg"
        type="submit"
        busy={state.isPending}
        disabled={disabled}
        className="w-full"
      >
        {action}
      </Button>
    </form>
  );
}
