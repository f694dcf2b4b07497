import type { Session } from '@saas-codex/contracts/sessions';
import { Link } from '@tanstack/react-router';
import { Archive } from 'lucide-react';
import { PromptComposer } from '../../features/composer/prompt-composer.js';
import { SetupNotice } from '../../features/environment/setup-notice.js';
import { ProvisioningProgress } from '../../features/provisioning/provisioning-progress.js';
import { Button } from '../../shared/ui/button.js';

/** What stands under the conversation: the composer, or why there is none. */
export function SessionDock({ session }: { session: Session }) {
  switch (session.status) {
    case 'provisioning':
      return (
        <>
          <ProvisioningProgress session={session} />
          <PromptComposer session={session} />
        </>
      );
    case 'ready':
      return (
        <>
          <SetupNotice session={session} />
          <PromptComposer session={session} />
        </>
      );
    case 'failed':
      return null;
    case 'archived':
      return <ArchivedNote />;
  }
}

const ArchivedNote = () => (
  <div className="mx-auto flex w-full max-w-3xl flex-wrap items-center gap-3 px-4 pt-2 pb-6 text-sm text-muted-foreground">
    <Archive aria-hidden className="size-4" strokeWidth={1.75} />
    <p className="flex-1">This session is archived. It can be read, but takes no more prompts.</p>
    <Button asChild>
      <Link to="/">New session</Link>
    </Button>
  </div>
);
