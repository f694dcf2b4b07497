import { type KeepGreen as KeptGreen, MAX_KEEP_GREEN_TRIES } from '@saas-codex/contracts/keep-green';
import type { PullRequest } from '@saas-codex/contracts/pull-requests';
import { Leaf } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { Button } from '../../shared/ui/button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { TextField } from '../../shared/ui/text-field.js';
import { VisibleText } from '../../shared/ui/visible-text.js';
import { useKeepGreen } from './api/pull-request.js';

const MICRO = 1_000_000;
const USUAL_TRIES = '3';

/** Whether failed checks and conflicts are mended by themselves, and how that stands. */
export function KeepGreen({ pullRequest, mayShip }: { pullRequest: PullRequest; mayShip: boolean }) {
  const { keep_green: keep, session_id: id } = pullRequest;
  const change = useKeepGreen(id);
  const [asking, setAsking] = useState(false);
  const isOn = keep !== null && keep !== undefined && keep.stopped === null;
  if (!mayShip && !keep) return null;
  return (
    <section aria-label="Keep it green" className="space-y-3 rounded-lg border px-3 py-2.5 text-sm">
      <div className="flex flex-wrap items-center gap-x-2.5 gap-y-2">
        <Leaf aria-hidden className="size-4 shrink-0 text-muted-foreground" strokeWidth={1.75} />
        <p className="min-w-0 flex-1 basis-48 break-words">
          {keep ? (
            <Standing keep={keep} />
          ) : (
            'Codex can mend failed checks and conflicts by itself, and push.'
          )}
        </p>
        {isOn && mayShip && (
          <Button size="sm" busy={change.isPending} onClick={() => change.mutate(null)}>
            Stop
          </Button>
        )}
        {!isOn && mayShip && (
          <Button size="sm" aria-expanded={asking} onClick={() => setAsking(!asking)}>
            Keep it green…
          </Button>
        )}
      </div>
      {asking && !isOn && <StartForm change={change} onStarted={() => setAsking(false)} />}
      {change.error && <ErrorNotice error={change.error} />}
    </section>
  );
}

function Standing({ keep: { tries, max_tries: max, stopped } }: { keep: KeptGreen }) {
  if (stopped !== null)
    return (
      <>
        No longer kept green. <VisibleText>{stopped.detail}</VisibleText>
      </>
    );
  if (tries.at(-1)?.state === 'working') return `Codex is mending it: try ${tries.length} of ${max}.`;
  return `Kept green by Codex. ${tries.length} of ${max} tries used.`;
}

interface StartFormProps {
  change: ReturnType<typeof useKeepGreen>;
  onStarted: () => void;
}

function StartForm({ change, onStarted }: StartFormProps) {
  const [tries, setTries] = useState(USUAL_TRIES);
  const [dollars, setDollars] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const money = Math.round(Number(dollars) * MICRO);
    const limits = { max_tries: Number(tries), ...(money > 0 && { max_micro_usd: money }) };
    change.mutate(limits, { onSuccess: onStarted });
  };
  return (
    <form onSubmit={submit} aria-label="Keep it green" className="flex flex-wrap items-end gap-3">
      <TextField
        label="Tries"
        type="number"
        required
        min={1}
        max={MAX_KEEP_GREEN_TRIES}
        value={tries}
        onChange={(event) => setTries(event.target.value)}
        className="w-20"
      />
      <TextField
        label="No new try after, in US dollars"
        type="number"
        min={0.01}
        step="any"
        placeholder="No limit"
        value={dollars}
        onChange={(event) => setDollars(event.target.value)}
        className="min-w-0 flex-1 basis-40"
      />
      <Button type="submit" busy={change.isPending}>
        Start
      </Button>
    </form>
  );
}
