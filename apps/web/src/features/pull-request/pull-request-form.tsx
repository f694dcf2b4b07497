import {
  MAX_PULL_REQUEST_BODY,
  MAX_PULL_REQUEST_TITLE,
  type PullRequest,
} from '@saas-codex/contracts/pull-requests';
import type { Session } from '@saas-codex/contracts/sessions';
import { type FormEvent, useState } from 'react';
import { useLatestProposal } from '../../entities/run/api/proposals.js';
import { Offer } from '../../entities/run/proposed-message.js';
import { tooLong } from '../../shared/lib/too-long.js';
import { Button } from '../../shared/ui/button.js';
import { DialogActions } from '../../shared/ui/dialog.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { TextAreaField } from '../../shared/ui/text-area-field.js';
import { TextField } from '../../shared/ui/text-field.js';
import { useOpenPullRequest, useUpdatePullRequest } from './api/pull-request.js';

interface PullRequestFormProps {
  session: Session;
  /** null: a new one is opened. */
  present: PullRequest | null;
  onDone: () => void;
  onClose: () => void;
}

/** Opens a pull request, or changes the one there is. */
export function PullRequestForm({ session, present, onDone, onClose }: PullRequestFormProps) {
  const { session_id: id, last_push: push } = session;
  const [title, setTitle] = useState(present?.title ?? session.title);
  const [body, setBody] = useState(present?.body ?? '');
  const [base, setBase] = useState(present?.base ?? '');
  const [labels, setLabels] = useState(present?.labels.join(', ') ?? '');
  const [reviewers, setReviewers] = useState(present?.reviewers.join(', ') ?? '');
  const [draft, setDraft] = useState(true);
  const { proposal } = useLatestProposal(id);
  const open = useOpenPullRequest(id);
  const update = useUpdatePullRequest(id);
  const { isPending, error } = present ? update : open;
  const problem = tooLong(body, MAX_PULL_REQUEST_BODY);
  // Of what was pushed, as long as nothing else has changed since.
  const message = present === null && proposal?.outdated === false ? proposal.message : null;
  const offered = message && (message.subject !== title || message.body !== body) ? message : null;
  const isPushed = push?.status === 'pushed' || present !== null;

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wanted = {
      title: title.trim(),
      body,
      labels: namesIn(labels),
      reviewers: namesIn(reviewers),
      ...(base.trim() !== '' && { base: base.trim() }),
    };
    if (present) update.mutate(wanted, { onSuccess: onDone });
    else open.mutate({ ...wanted, draft }, { onSuccess: onDone });
  };
  return (
    <form onSubmit={submit} aria-label="Pull request" className="space-y-4">
      {!isPushed && (
        <p role="status" className="text-sm text-muted-foreground">
          {push?.status === 'pending'
            ? `The push to ${push.branch} is under way. The pull request can follow it.`
            : 'Push the changes to a branch first, under Ship.'}
        </p>
      )}
      <TextField
        label="Title"
        value={title}
        maxLength={MAX_PULL_REQUEST_TITLE}
        onChange={(event) => setTitle(event.target.value)}
      />
      {offered && (
        <Offer
          subject={offered.subject}
          onUse={() => {
            setTitle(offered.subject);
            setBody(offered.body);
          }}
        />
      )}
      <TextAreaField
        label="Description"
        value={body}
        error={problem}
        onChange={(event) => setBody(event.target.value)}
      />
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField
          label="Merge into"
          value={base}
          placeholder="The default branch"
          spellCheck={false}
          autoCapitalize="none"
          onChange={(event) => setBase(event.target.value)}
          className="[&_input]:font-mono [&_input]:text-xs"
        />
        <TextField
          label="Reviewers"
          value={reviewers}
          placeholder="octocat, hubot"
          spellCheck={false}
          autoCapitalize="none"
          onChange={(event) => setReviewers(event.target.value)}
        />
      </div>
      <TextField
        label="Labels"
        value={labels}
        placeholder="bug, codex"
        onChange={(event) => setLabels(event.target.value)}
      />
      {!present && (
        <label className="flex items-center gap-2 text-sm pointer-coarse:min-h-11">
          <input type="checkbox" checked={draft} onChange={(event) => setDraft(event.target.checked)} />
          Draft: nobody is asked to review it yet
        </label>
      )}
      {error && <ErrorNotice error={error} />}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button
          variant="primary"
          type="submit"
          busy={isPending}
          disabled={!isPushed || title.trim() === '' || problem !== undefined}
        >
          {present ? 'Save' : 'Open pull request'}
        </Button>
      </DialogActions>
    </form>
  );
}

/** Names that commas or line breaks separate, each once. */
const namesIn = (text: string): string[] => [
  ...new Set(
    text
      .split(/[,\n]/)
      .map((name) => name.trim().replace(/^@/, ''))
      .filter(Boolean),
  ),
];
