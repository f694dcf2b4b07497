import { PROBLEMS } from '@saas-codex/contracts/problems';
import type { Session } from '@saas-codex/contracts/sessions';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { CircleAlert } from 'lucide-react';
import { useMemo } from 'react';
import { fromNetwork } from '../../entities/environment/network-draft.js';
import { fromSetup } from '../../entities/environment/setup-draft.js';
import { runsQuery } from '../../entities/run/api/list-runs.js';
import { PromptBubble } from '../../entities/run/prompt-bubble.js';
import { orderRuns } from '../../entities/run/run-order.js';
import { prefillNewSessionDraft } from '../../entities/session/new-session-draft.js';
import { lookUp } from '../../shared/lib/open-enums.js';
import { Button } from '../../shared/ui/button.js';

/** Shown in place of the conversation if the session could not be set up: what was asked, and what went wrong. */
export function FailedSession({ session }: { session: Session }) {
  const { data } = useInfiniteQuery(runsQuery(session.session_id));
  const { conversation, queue } = useMemo(() => orderRuns(data), [data]);
  const asked = [...conversation, ...queue].filter((run) => run.kind === 'prompt');
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <div className="mx-auto flex w-full max-w-3xl flex-col gap-5 px-4 py-6">
        {asked.map(({ run_id, prompt }) => (
          <PromptBubble key={run_id} id={run_id} prompt={prompt} />
        ))}
        <SetupFailed session={session} firstPrompt={asked[0]?.prompt} />
      </div>
    </div>
  );
}

interface SetupFailedProps {
  session: Session;
  firstPrompt: string | undefined;
}

/** The reason, and a link that tries again with everything that was typed. */
function SetupFailed({ session, firstPrompt }: SetupFailedProps) {
  const { failure, repo_url, ref, network, setup } = session;
  const keepEnvironment = () =>
    prefillNewSessionDraft({ network: fromNetwork(network), setup: fromSetup(setup, network) });
  return (
    <div role="alert" className="flex gap-3 rounded-xl border border-destructive/25 bg-destructive-soft p-4">
      <CircleAlert aria-hidden className="mt-0.5 size-4.5 shrink-0 text-destructive" />
      <div className="min-w-0 flex-1">
        <h2 className="text-base font-medium">
          {(failure && lookUp(PROBLEMS, failure.code)?.title) ?? 'The session could not be set up'}
        </h2>
        {failure && <p className="mt-0.5 text-sm break-words text-muted-foreground">{failure.detail}</p>}
        {repo_url && (
          <p className="mt-1.5 font-mono text-xs break-all text-muted-foreground">
            {repo_url}
            {ref && ` @ ${ref}`}
          </p>
        )}
        <Button asChild variant="primary" className="mt-3">
          <Link
            to="/"
            onClick={keepEnvironment}
            search={{ repo: repo_url ?? '', ref: ref ?? undefined, prompt: firstPrompt }}
          >
            Edit and try again
          </Link>
        </Button>
      </div>
    </div>
  );
}
