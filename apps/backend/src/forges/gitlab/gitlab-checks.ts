import { stripVTControlCharacters } from 'node:util';
import type { CommitStatusSchema } from '@gitbeaker/core';
import type { CheckState, PullRequestCheck } from '@saas-codex/contracts/pull-requests';
import { allPages } from '../port/all-pages.js';
import { ForgeError } from '../port/forge-error.js';
import { type GitlabClient, PAGE, pageOf } from './gitlab-client.js';

/** Failed jobs whose logs are read. */
const MAX_READ = 10;

/** What GitLab lists about a commit: the jobs of its pipelines, and statuses of other programs. */
export class GitlabChecks {
  constructor(private readonly client: GitlabClient) {}

  async of(path: string, commit: string): Promise<PullRequestCheck[]> {
    const { items } = await allPages(PAGE, (page) =>
      this.client.commits.allStatuses(path, commit, { all: false, ...pageOf(page) }),
    );
    // Pipelines of the branch and of the merge request may have a job of the same name: the last one counts.
    const latest = new Map(items.toSorted((a, b) => a.id - b.id).map((one) => [one.name, one]));
    const failed = [...latest.values()].filter((one) => stateOf(one) === 'failed' && isJob(one));
    const logs = new Map<number, string | null>();
    // One after the other: each is held in memory while it is read.
    for (const { id } of failed.slice(0, MAX_READ)) logs.set(id, await this.logOf(path, id));
    return [...latest.values()]
      .map((one) => ({
        name: one.name,
        state: stateOf(one),
        url: one.target_url || null,
        summary: one.description || allowedFailure(one),
        log: logs.get(one.id) ?? null,
      }))
      .toSorted((a, b) => a.name.localeCompare(b.name));
  }

  /** null: it has none, it is too large, or the token may not read it. */
  private async logOf(path: string, job: number): Promise<string | null> {
    try {
      return readable(await this.client.jobs.showLog(path, job)) || null;
    } catch (error) {
      if (!(error instanceof ForgeError) || error.reason === 'rate_limited') throw error;
      return null;
    }
  }
}

/** A job's status leads to the job, and has its id. */
const isJob = ({ id, target_url: url }: CommitStatusSchema): boolean =>
  new RegExp(`/(jobs|builds)/${id}$`).test(url ?? '');

const allowedFailure = (one: CommitStatusSchema): string | null =>
  one.allow_failure && statusOf(one) === 'failed' ? 'It failed, which is allowed.' : null;

const STATES: Readonly<Record<string, CheckState>> = {
  success: 'passed',
  skipped: 'passed',
  failed: 'failed',
  canceled: 'failed',
};

/** The client's type leaves some out. */
const statusOf = ({ status }: CommitStatusSchema): string => status;

/** A job that may fail, or that nobody has to start, keeps nothing from being merged. */
function stateOf(one: CommitStatusSchema): CheckState {
  const status = statusOf(one);
  if (one.allow_failure && ['failed', 'canceled', 'manual'].includes(status)) return 'passed';
  return STATES[status] ?? 'pending';
}

/** When a runner wrote a line, and to which output. */
const TIMES = /^\d{4}-\d{2}-\d{2}T\S{1,40}Z \d\d[OE][+ ]?/gm;
/** Where the page of the log folds. */
const SECTIONS = /section_(start|end):\d{1,20}:[^\r\n]{0,200}\r/g;
/** How a sequence for terminals may begin. No real one begins with more of these. */
const LONG_SEQUENCES = /((?![\t\r\n])\p{Cc}[[\]()#;?]{0,8})[[\]()#;?]*/gu;

/**
 * A log without what only terminals and GitLab's page understand. A line that was written over has its last text. Whoever runs code
 * in a job writes what they like, so no pattern may look far for its end at every place: that of Node for terminals does after a
 * long beginning.
 */
const readable = (log: string): string =>
  stripVTControlCharacters(
    log.replaceAll(TIMES, '').replaceAll(SECTIONS, '').replaceAll(LONG_SEQUENCES, '$1'),
  )
    .replaceAll('\r\n', '\n')
    .replaceAll(/^.*\r/gm, '')
    .trim();
