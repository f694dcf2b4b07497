import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable, Logger } from '@nestjs/common';
import { MAX_PACK_BYTES } from '@saas-codex/contracts/runner-api';
import { MAX_AGENT_COMMITS } from '@saas-codex/contracts/shipping';
import type { SessionBase } from '@saas-codex/contracts/runs';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { GitFailure } from '../git/git.js';
import { Storage } from '../storage/storage.js';
import { WorkspaceLimits } from '../workspace-limits.js';
import { type ChangedEntry, changedEntries } from './changed-entries.js';
import { Commits, type CommitStep } from './commits.js';
import { HistoryRepository } from './history-repository.js';
import { OmittedNames } from './omitted-names.js';
import { pathText } from './path-text.js';

/** Where the commits of an agent are, between what is shipped already and the files as they are. */
export interface AgentLine {
  /** The commit of the agent's own repository after which they begin. */
  start: string;
  /** The newest of them. */
  head: string;
  /** The commit of ours, or of the repository, that they are to continue. */
  parent: string;
}

/** A commit of an agent, as it would be shipped. */
export interface AgentStep {
  oid: string;
  /** What its changes are measured against, as in other steps of a commit. */
  base: SessionBase;
  at: Date;
  /** As the agent wrote it. */
  message: string;
  from: string;
  to: string;
  files: number;
  /** Files of which it has what no diff of the end shows. */
  replaced: string[];
}

export interface AgentReading {
  /** A checkpoint: what the last commit that is shipped has. */
  final: Pick<CommitStep, 'tree' | 'base'>;
  /** Makes each state a checkpoint of the session, so that people can read it. */
  keep: boolean;
}

/** A commit as the agent's repository has it. */
type Listed = Pick<AgentStep, 'oid' | 'at' | 'message'> & { tree: string };

/** Bytes of git's list of what one commit changes, and of the messages. */
const MAX_LIST_BYTES = 8 * 1024 * 1024;
/** Files that they change, all together; those that they remove do not count. */
const MAX_CHANGES = 50_000;
/** Those of a file and of a link. An agent has no say in submodules. */
const MODES = new Set(['100644', '100755', '120000']);
const GONE = '000000';

/**
 * The commits that an agent has made in its own repository. That is hostile: a jail packs them (apps/runner/jail/pack-commits.sh), and
 * nothing of the pack counts before all of it has been checked.
 *
 *     pack ── index-pack --strict ──► quarantine ── first parents, modes ──► history.git, refs/agent/<head>
 *               each object, each link   removed afterwards                   ──► steps of `Commits`
 *
 * Neither the commits themselves nor their trees are shipped: a tree can have what no diff shows, such as the name of an empty
 * folder. Each step is made anew, of the one before and of the files that the diff between them names. A merge is one step with all
 * that it brings.
 */
@Injectable()
export class AgentCommits {
  private readonly logger = new Logger(AgentCommits.name);

  constructor(
    private readonly history: HistoryRepository,
    private readonly commits: Commits,
    private readonly storage: Storage,
    private readonly limits: WorkspaceLimits,
  ) {}

  /** Whether they were taken in, up to this one. */
  async has(sessionId: string, head: string): Promise<boolean> {
    const args = ['for-each-ref', '--format=%(refname)', refOf(head)] as const;
    return (await this.history.runOnObjects(sessionId, args)).stdout.length > 0;
  }

  /** Takes in what an agent's repository has. Repeating it changes nothing. @throws ProblemError agent_commits_refused */
  takeIn(sessionId: string, line: AgentLine, pack: Buffer): Promise<void> {
    return this.history.withHistoryLock(sessionId, () =>
      this.explain(sessionId, async () => {
        const history = this.storage.historyPath(sessionId);
        // One is left behind by a crash.
        const quarantine = join(history, 'quarantine');
        await rm(quarantine, { recursive: true, force: true });
        await mkdir(join(quarantine, 'pack'), { recursive: true });
        try {
          const env = {
            GIT_OBJECT_DIRECTORY: quarantine,
            GIT_ALTERNATE_OBJECT_DIRECTORIES: join(history, 'objects'),
          };
          await this.history.writeObjects(sessionId, INDEX_STRICTLY, { env, input: pack });
          await this.listOf(sessionId, line, env);
        } finally {
          await rm(quarantine, { recursive: true, force: true });
        }
        await this.history.writeObjects(sessionId, ['index-pack', '--stdin'], { input: pack });
        await this.history.writeObjects(sessionId, ['update-ref', refOf(line.head), line.head]);
      }),
    );
  }

  /** What was taken in, oldest first. Commits that change nothing are left out. @throws ProblemError agent_commits_refused */
  read(sessionId: string, line: AgentLine, { final, keep }: AgentReading): Promise<AgentStep[]> {
    return this.history.withHistoryLock(sessionId, () =>
      this.explain(sessionId, async () => {
        const base = { tree: await this.history.treeOf(sessionId, line.start), commit: line.parent };
        const parentTree = await this.history.treeOf(sessionId, line.parent);
        const ours = { tree: parentTree, commit: line.parent };
        const end = await this.commits.shippedTree(sessionId, final);
        const known = new Contents(
          await changedEntries(this.history, sessionId, { from: parentTree, to: end }),
        );
        const steps: AgentStep[] = [];
        const contents: string[] = [];
        let from = parentTree;
        await this.history.withIndex(sessionId, parentTree, async (index) => {
          for (const { tree, ...commit } of await this.listOf(sessionId, line)) {
            const wanted = await this.commits.shippedTree(sessionId, { tree, base });
            const entries = await this.entries(sessionId, from, wanted);
            if (entries.length === 0) continue;
            contents.push(
              ...entries.filter(({ after }) => after.mode !== GONE).map(({ after }) => after.oid),
            );
            if (contents.length > MAX_CHANGES) throw refused('They change too many files.');
            const to = await index.change(entries.map(({ path, after }) => ({ path, ...after })));
            const replaced = known.unknownIn(entries);
            steps.push({ ...commit, base: ours, from, to, files: entries.length, replaced });
            from = to;
          }
        });
        await this.checkSizes(sessionId, contents);
        if (keep) await this.keepAll(sessionId, new Set(steps.flatMap((step) => [step.from, step.to])));
        return steps;
      }),
    );
  }

  /** As checkpoints do, which leave larger files out. */
  private async checkSizes(sessionId: string, contents: readonly string[]): Promise<void> {
    if (contents.length === 0) return;
    const args = ['cat-file', '--batch-check=%(objectsize)'] as const;
    const { stdout } = await this.history.runOnObjects(sessionId, args, { input: contents.join('\n') });
    const sizes = stdout.toString('latin1').trim().split('\n').map(Number);
    if (!sizes.every((size) => size <= this.limits.checkpointFileBytes))
      throw refused('One of them has a file that is too large.');
  }

  private async keepAll(sessionId: string, trees: ReadonlySet<string>): Promise<void> {
    for (const tree of trees)
      if (!(await this.history.hasCheckpoint(sessionId, tree)))
        await this.history.saveCheckpoint(sessionId, tree, new OmittedNames());
  }

  /** The commits after the start, by their first parents. */
  private async listOf(
    sessionId: string,
    { start, head }: AgentLine,
    env: Record<string, string> = {},
  ): Promise<Listed[]> {
    if (!(await this.commits.has(sessionId, start, env))) throw refused(ELSEWHERE);
    const { stdout } = await this.history.runOnObjects(
      sessionId,
      ['rev-list', ...LISTED, `--max-count=${MAX_AGENT_COMMITS + 1}`, head, `^${start}`, '--'],
      { env, maxOutputBytes: MAX_LIST_BYTES },
    );
    const fields = stdout.toString('utf8').split('\0');
    if (fields.length > MAX_AGENT_COMMITS * FIELDS + 1)
      throw refused(`There are more than ${MAX_AGENT_COMMITS} of them.`);
    const found = [];
    let before = start;
    for (let at = 0; at + FIELDS <= fields.length; at += FIELDS) {
      const [id = '', tree = '', parents = '', time = '', message = ''] = fields.slice(at, at + FIELDS);
      if (parents.split(' ')[0] !== before) throw refused(ELSEWHERE);
      before = id.trim();
      found.push({ oid: before, tree, at: new Date(Number(time) * 1000), message });
    }
    return found;
  }

  /** What one tree has in place of another. @throws ProblemError agent_commits_refused when it has something else than files and links */
  private async entries(sessionId: string, from: string, to: string): Promise<ChangedEntry[]> {
    const entries = await changedEntries(this.history, sessionId, { from, to }, MAX_LIST_BYTES);
    for (const { after, path } of entries)
      if (after.mode !== GONE && !MODES.has(after.mode))
        throw refused(`One of them changes the submodule ${pathText(Buffer.from(path, 'latin1'))}.`);
    return entries;
  }

  private async explain<T>(sessionId: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof GitFailure) || error.kind === 'aborted') throw error;
      this.logger.warn(`commits of the agent in session ${sessionId} are refused: ${error.message}`);
      throw refused('They hold what git does not accept, or too much.');
    }
  }
}

/** Contents that a person has seen, or that the repository has had before. */
class Contents {
  private readonly shown: Set<string>;
  /** By path, what it has had before the first of the commits that change it. */
  private readonly before = new Map<string, string>();

  constructor(shown: readonly ChangedEntry[]) {
    this.shown = new Set(shown.map(({ path, after }) => keyOf(path, after)));
  }

  /** Paths of the entries, of commits one after the other, with something else. */
  unknownIn(entries: readonly ChangedEntry[]): string[] {
    return entries
      .filter(({ path, before, after }) => {
        const key = keyOf(path, after);
        if (!this.before.has(path)) this.before.set(path, keyOf(path, before));
        return after.mode !== GONE && !this.shown.has(key) && this.before.get(path) !== key;
      })
      .map(({ path }) => pathText(Buffer.from(path, 'latin1')));
  }
}

const keyOf = (path: string, { mode, oid }: ChangedEntry['after']) => `${mode} ${oid} ${path}`;

const ELSEWHERE =
  'They do not continue the commit that the session began with, or that was there when it was shipped last.';

const refOf = (head: string) => `refs/agent/${head}`;

/** Also refuses modes that git merely notes. */
const INDEX_STRICTLY = [
  'index-pack',
  '--stdin',
  '--strict=badFilemode=error',
  `--max-input-size=${MAX_PACK_BYTES}`,
] as const;

const LISTED = [
  '--first-parent',
  '--reverse',
  '--no-commit-header',
  '--encoding=UTF-8',
  '--format=%H%x00%T%x00%P%x00%at%x00%B%x00',
];
const FIELDS = 5;

const refused = (why: string) =>
  new ProblemError('agent_commits_refused', `${why} Ship the changes as one commit.`);
