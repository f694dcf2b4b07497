import type { Run } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { CircleAlert } from 'lucide-react';
import { useMemo } from 'react';
import { fromNetwork } from '../../entities/environment/network-draft.js';
import { fromSetup } from '../../entities/environment/setup-draft.js';
import { runsQuery } from '../../entities/run/api/list-runs.js';
import { outgoingPrompt, promptSession } from '../../entities/run/api/prompt-session.js';
import { PromptBubble } from '../../entities/run/prompt-bubble.js';
import { modelOf } from '../../entities/run/prompt-model.js';
import { orderRuns } from '../../entities/run/run-order.js';
import { useUpdateSession } from '../../entities/session/api/update-session.js';
import { prefillNewSessionDraft } from '../../entities/session/new-session-draft.js';
import { usePermission } from '../../shared/api/use-permission.js';
import { Button } from '../../shared/ui/button.js';
import { toastError } from '../../shared/ui/toast.js';

/** Shown in place of the conversation if the session could not be set up: what was asked, and what went wrong. */
export function FailedSession({ session }: { session: Session }) {
  const { data } = useInfiniteQuery(runsQuery(session.session_id));
  const { conversation, queue } = useMemo(() => orderRuns(data), [data]);
  const asked = promptsOf([...conversation, ...queue]);
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <div className="mx-auto flex w-full max-w-3xl flex-col gap-5 px-4 py-6">
        {asked.map(({ run_id, session_id, prompt, images }) => (
          <PromptBubble key={run_id} id={run_id} sessionId={session_id} prompt={prompt} images={images} />
        ))}
        <SetupFailed session={session} prompts={asked} />
      </div>
    </div>
  );
}

/** What a person asked for. A prompt that was sent again with an earlier attempt counts once. */
const promptsOf = (runs: Run[]): Run[] => [
  ...new Map(runs.filter(({ kind }) => kind === 'prompt').map((run) => [run.prompt, run])).values(),
];

interface SetupFailedProps {
  session: Session;
  prompts: Run[];
}

/** The reason, and two ways on with everything that was typed: the same again, or a new session that can be edited first. */
function SetupFailed({ session, prompts }: SetupFailedProps) {
  const { again, isPending } = useSetUpAgain(session, prompts);
  const mayTry = usePermission('sessions:write');
  const { failure, repo_url, ref, network, setup } = session;
  const keepEnvironment = () =>
    prefillNewSessionDraft({ network: fromNetwork(network), setup: fromSetup(setup, network) });
  return (
    <div role="alert" className="flex gap-3 rounded-xl border border-destructive/25 bg-destructive-soft p-4">
      <CircleAlert aria-hidden className="mt-0.5 size-4.5 shrink-0 text-destructive" />
      <div className="min-w-0 flex-1">
        <h2 className="text-base font-medium">{failure?.title ?? 'The session could not be set up'}</h2>
        {failure && <p className="mt-0.5 text-sm break-words text-muted-foreground">{failure.detail}</p>}
        {repo_url && (
          <p className="mt-1.5 font-mono text-xs [overflow-wrap:anywhere] text-muted-foreground">
            {repo_url}
            {ref && ` @ ${ref}`}
          </p>
        )}
        {mayTry && (
          <div className="mt-3 flex flex-wrap gap-2">
            <Button variant="primary" onClick={again} disabled={isPending}>
              Try again
            </Button>
            {failure?.code === 'clone_auth_failed' && (
              <Button asChild>
                <Link to="/settings/$page" params={{ page: 'git-credentials' }}>
                  Git credentials
                </Link>
              </Button>
            )}
            <Button asChild>
              <Link
                to="/"
                onClick={keepEnvironment}
                search={{ repo: repo_url ?? '', ref: ref ?? undefined, prompt: prompts[0]?.prompt }}
              >
                Edit and try again
              </Link>
            </Button>
          </div>
        )}
      </div>
    </div>
  );
}

/** Sets the session up again, and sends the prompts again that failed with it. */
function useSetUpAgain({ session_id: id }: Session, prompts: Run[]) {
  const update = useUpdateSession();
  // This part of the page is gone as soon as the session is being set up, and callbacks of `mutate` with it.
  const again = async () => {
    try {
      await update.mutateAsync({ sessionId: id, change: { status: 'provisioning' } });
      for (const run of prompts) {
        await promptSession(id, outgoingPrompt(run.prompt, { ...modelOf(run), images: run.images }));
      }
    } catch (error) {
      toastError(error);
    }
  };
  return { again: () => void again(), isPending: update.isPending };
}
