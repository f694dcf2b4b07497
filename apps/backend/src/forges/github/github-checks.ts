import type { CheckState, PullRequestCheck } from '@saas-codex/contracts/pull-requests';
import type { Octokit, RestEndpointMethodTypes } from '@octokit/rest';
import { allPages } from '../port/all-pages.js';
import { asLog } from '../port/bounds.js';
import type { RepositoryRef } from '../port/repositories.js';
import { namesOf } from '../port/repository-names.js';

const PAGE = 100;
/** Failed checks whose annotations are read. */
const MAX_READ = 10;

type CheckRun = RestEndpointMethodTypes['checks']['listForRef']['response']['data']['check_runs'][number];
type Annotation = RestEndpointMethodTypes['checks']['listAnnotations']['response']['data'][number];

/** What is kept of a check run: pages of them are large. */
interface Run {
  id: number;
  check: Omit<PullRequestCheck, 'log'>;
  /** About itself. */
  wrote: string;
  annotations: number;
}

/** What GitHub's two mechanisms say about a commit: check runs of Apps and Actions, and statuses of other programs. */
export class GithubChecks {
  constructor(private readonly octokit: Octokit) {}

  async of(ref: RepositoryRef, commit: string): Promise<PullRequestCheck[]> {
    const at = { ...namesOf(ref), ref: commit, per_page: PAGE };
    const [{ items: runs }, { items: statuses }] = await Promise.all([
      allPages(PAGE, async (page) => {
        const { data } = await this.octokit.rest.checks.listForRef({ ...at, filter: 'latest', page });
        return data.check_runs.map(toRun);
      }),
      allPages(PAGE, async (page) => {
        const { data } = await this.octokit.rest.repos.getCombinedStatusForRef({ ...at, page });
        return data.statuses;
      }),
    ]);
    const logs = await this.logsOf(ref, runs);
    return [
      ...runs.map((run) => ({ ...run.check, log: logs.get(run.id) || null })),
      ...statuses.map(({ context, state, target_url: url, description: summary }) => ({
        name: context,
        state: STATUSES[state] ?? 'pending',
        url,
        summary,
        log: null,
      })),
    ].toSorted((a, b) => a.name.localeCompare(b.name));
  }

  /** One after the other: each is held in memory while it is read. */
  private async logsOf(ref: RepositoryRef, runs: Run[]): Promise<Map<number, string>> {
    const failed = runs.filter(({ check }) => check.state === 'failed').slice(0, MAX_READ);
    const logs = new Map<number, string>();
    for (const run of failed) logs.set(run.id, await this.logOf(ref, run));
    return logs;
  }

  /** What the check wrote about itself, then where in the code it found something. */
  private async logOf(ref: RepositoryRef, { id, wrote, annotations }: Run): Promise<string> {
    const { data } =
      annotations > 0
        ? await this.octokit.rest.checks.listAnnotations({
            ...namesOf(ref),
            check_run_id: id,
            per_page: PAGE,
          })
        : { data: [] };
    const bad = data.filter((one) => one.annotation_level !== 'notice');
    return [wrote, ...bad.map(toLine)].filter(Boolean).join('\n');
  }
}

const toLine = ({ path, start_line: line, title, message, raw_details: details }: Annotation): string =>
  [`${path}:${line}: ${[title, message].filter(Boolean).join(': ')}`, details].filter(Boolean).join('\n');

const toRun = (given: CheckRun): Run => ({
  id: given.id,
  check: { name: given.name, state: stateOf(given), url: given.html_url, summary: given.output.title },
  wrote: asLog([given.output.summary, given.output.text].filter(Boolean).join('\n')),
  annotations: given.output.annotations_count,
});

/** Those that let a pull request be merged. */
const PASSED: readonly (string | null)[] = ['success', 'neutral', 'skipped'];
const STATUSES: Readonly<Record<string, CheckState>> = {
  success: 'passed',
  pending: 'pending',
  failure: 'failed',
  error: 'failed',
};

function stateOf({ status, conclusion }: CheckRun): CheckState {
  if (status !== 'completed') return 'pending';
  return PASSED.includes(conclusion) ? 'passed' : 'failed';
}
