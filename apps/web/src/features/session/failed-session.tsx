import type { Session } from '@saas-codex/contracts/sessions';
import { isProblemCode, PROBLEMS } from '@saas-codex/contracts/problems';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { CircleAlert } from 'lucide-react';
import { useMemo } from 'react';
import { Button } from '../../shared/ui/button.js';
import { fromNetwork } from '../environment/network-draft.js';
import { fromSetup } from '../environment/setup-draft.js';
import { offerDraft } from '../home/draft.js';
import { runsQuery } from '../runs/api/list-runs.js';
import { orderRuns } from '../runs/run-order.js';
import { PromptBubble } from '../timeline/run/prompt-bubble.js';

/** In place of the conversation of a session that could not be set up: what was asked, and why nothing came of it. */
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

/** Why, and the way to try again without typing everything anew. */
function SetupFailed({ session, firstPrompt }: SetupFailedProps) {
  const { failure, repo_url, ref, network, setup } = session;
  const keepEnvironment = () =>
    offerDraft({ network: fromNetwork(network), setup: fromSetup(setup, network) });
  return (
    <div role="alert" className="flex gap-3 rounded-xl border border-destructive/25 bg-destructive-soft p-4">
      <CircleAlert aria-hidden className="mt-0.5 size-4.5 shrink-0 text-destructive" />
      <div className="min-w-0 flex-1">
        <h2 className="text-base font-medium">
          {failure && isProblemCode(failure.code)
            ? PROBLEMS[failure.code].title
            : 'The session could not be set up'}
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
