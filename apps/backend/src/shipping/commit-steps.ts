import { Injectable } from '@nestjs/common';
import type { Author } from '@saas-codex/contracts/authors';
import { type SessionBase, textOfInput } from '@saas-codex/contracts/runs';
import { type CreateCommit, MAX_COMMITS_PER_RUN } from '@saas-codex/contracts/shipping';
import { actorId, authorOf } from '../identity/actor.js';
import type { NamedPrincipal } from '../identity/memberships.js';
import type { RequestContext } from '../identity/request-context.js';
import type { RunEntity } from '../runs/run.entity.js';
import type { SessionEntity } from '../sessions/session.entity.js';
import type { CommitPerson, CommitStep } from '../workspaces/history/history.js';
import { AgentCommitsService } from './agent-commits.service.js';
import type { CommitEntity } from './commit.entity.js';
import { messageOfAgent, messageOfPrompt, withCoAuthors } from './commit-message.js';

/** What is committed, and by whom. */
export interface Work {
  tree: string;
  /** Where the session's changes begin. */
  base: SessionBase;
  /** What was pushed last. null: nothing. */
  last: CommitEntity | null;
  /** Prompts and updates since the last push, in the order in which they ended. */
  runs: RunEntity[];
  people: ReadonlyMap<string, NamedPrincipal>;
}

/** Says of which commits the work of a session consists. The last one has the files as they are. */
@Injectable()
export class CommitSteps {
  constructor(private readonly agentCommits: AgentCommitsService) {}

  /** @throws ProblemError files_changed, replaced_contents, agent_commits_refused */
  async of(
    ctx: RequestContext,
    session: SessionEntity,
    work: Work,
    body: CreateCommit,
  ): Promise<CommitStep[]> {
    switch (body.mode) {
      case 'squash':
        return [this.squashed(ctx, session, work, body.message)];
      case 'per_run':
        return this.stepsPerRun(ctx, session, work);
      case 'agent':
        return this.stepsOfAgent(ctx, session, work, body);
    }
  }

  private async stepsOfAgent(
    ctx: RequestContext,
    session: SessionEntity,
    work: Work,
    body: CreateCommit,
  ): Promise<CommitStep[]> {
    const shipping = { last: work.last, final: work };
    const steps = await this.agentCommits.stepsOf(ctx, session, shipping, body);
    const author = personOf(authorOf(ctx.actor), work.people);
    const others = this.otherPeople(ctx, work);
    return [
      ...steps.map(({ to: tree, base, at, message }) => {
        const { subject, body: rest } = messageOfAgent(message);
        return { tree, base, author, at, message: withCoAuthors(`${subject}\n\n${rest}`, others) };
      }),
      // What is in none of them, if anything is.
      this.squashed(ctx, session, work, body.message),
    ];
  }

  private otherPeople(ctx: RequestContext, { runs, people }: Work): CommitPerson[] {
    return runs
      .filter(({ kind, createdBy }) => kind === 'prompt' && createdBy !== actorId(ctx.actor))
      .map((run) => personOf(authorOfRun(run), people));
  }

  private squashed(
    ctx: RequestContext,
    session: SessionEntity,
    work: Work,
    text: string = session.title,
  ): CommitStep {
    const author = personOf(authorOf(ctx.actor), work.people);
    const message = withCoAuthors(text, this.otherPeople(ctx, work));
    return { tree: work.tree, base: work.base, author, at: new Date(), message };
  }

  private stepsPerRun(ctx: RequestContext, session: SessionEntity, work: Work): CommitStep[] {
    let base = work.runs.map(updateOf).find((update) => update !== null)?.from ?? work.base;
    const steps = work.runs.map((run) => {
      base = updateOf(run)?.to ?? base;
      const what = messageOfPrompt(textOfInput(run.input));
      const message = run.kind === 'prompt' ? withCoAuthors(what, []) : what;
      const author = personOf(authorOfRun(run), work.people);
      return { tree: run.treeAfter ?? work.tree, base, author, at: run.endedAt ?? new Date(), message };
    });
    // What has changed since the last run, if anything has.
    return [...steps.slice(-MAX_COMMITS_PER_RUN), this.squashed(ctx, session, { ...work, runs: [] })];
  }
}

/** Of a run that merged the repository's branch, or undid that. null: it is another one, or has changed nothing. */
export const updateOf = ({ input, status }: RunEntity) =>
  (status === 'succeeded' && input.kind === 'edit' && input.base) || null;

const authorOfRun = ({ author, createdBy }: RunEntity): Author =>
  author ?? { kind: 'person', id: createdBy, name: null };

/** Programs have no address, and git wants one. The same for people who have left. */
function personOf({ id, name }: Author, people: ReadonlyMap<string, NamedPrincipal>): CommitPerson {
  const known = people.get(id);
  return { name: known?.name || name || id, email: known?.email || `${id}@saas-codex.invalid` };
}
