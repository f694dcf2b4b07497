import { Injectable } from '@nestjs/common';
import { textOfInput } from '@saas-codex/contracts/runs';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { And, IsNull, LessThan, MoreThan, Not } from 'typeorm';
import type { RequestContext } from '../identity/request-context.js';
import { History } from '../workspaces/history/history.js';
import { RunEntity } from './run.entity.js';
import { RunStore } from './run-store.js';

/** Edits that a note names, the latest ones. */
const MAX_EDITS = 10;
/** Files that a note names, of each edit. */
const MAX_FILES = 20;
/** Characters of a name in a note. */
const MAX_NAME = 300;

/**
 * Tells Codex, before the next prompt, which files people have changed since its last turn. It remembers files as it last saw
 * them, and would otherwise write over those changes.
 */
@Injectable()
export class EditNotes {
  constructor(
    private readonly runs: RunStore,
    private readonly history: History,
  ) {}

  /** null: nobody has changed anything, or Codex has not seen the files yet. */
  async of(ctx: RequestContext, { sessionId, dispatchedAt }: RunEntity): Promise<string | null> {
    if (dispatchedAt === null) return null;
    const counts = { sessionId, rewoundAt: IsNull() };
    const edits = await this.runs.read(ctx, async (tx) => {
      const runs = tx.of(RunEntity);
      const started = { ...counts, kind: 'prompt', startedAt: Not(IsNull()) } as const;
      const last = await runs.findOne({
        where: { ...started, dispatchedAt: LessThan(dispatchedAt) },
        order: { dispatchedAt: 'DESC' },
      });
      if (!last?.dispatchedAt) return [];
      const between = And(MoreThan(last.dispatchedAt), LessThan(dispatchedAt));
      return runs.find({
        where: { ...counts, kind: 'edit', status: 'succeeded', dispatchedAt: between },
        order: { dispatchedAt: 'DESC' },
        take: MAX_EDITS,
      });
    });
    if (edits.length === 0) return null;
    const lines = await Promise.all(edits.toReversed().map((edit) => this.lineOf(ctx, edit)));
    return [BEGIN, ...lines, END].join('\n');
  }

  private async lineOf(ctx: RequestContext, edit: RunEntity): Promise<string> {
    const what = `- ${edit.author?.name ?? 'Somebody'}: ${textOfInput(edit.input)}`.replace(/\s+/g, ' ');
    return `${what}${await this.filesOf(ctx, edit)}`;
  }

  private async filesOf(
    ctx: RequestContext,
    { sessionId, treeBefore: from, treeAfter: to }: RunEntity,
  ): Promise<string> {
    if (from === null || to === null) return '';
    try {
      const { files, stat } = await this.history.diff(ctx, { sessionId, from, to }, { limit: MAX_FILES });
      const names = files.map(({ path }) => JSON.stringify(path.slice(0, MAX_NAME)));
      const rest = stat.files > names.length ? ` and ${stat.files - names.length} more` : '';
      return names.length === 0 ? '' : `. Files: ${names.join(', ')}${rest}`;
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      return '';
    }
  }
}

const BEGIN = 'Since your last turn, people have changed files of the repository by themselves:';
const END =
  'Read these files again before you change them. Keep these changes unless the task says otherwise.';
