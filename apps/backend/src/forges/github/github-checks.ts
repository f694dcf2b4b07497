import type { CheckState, PullRequestCheck } from '@saas-codex/contracts/pull-requests';
import type { Octokit, RestEndpointMethodTypes } from '@octokit/rest';
import { endOfLog } from '../port/remarks.js';
import type { RepositoryRef } from '../port/repositories.js';
import { namesOf } from '../port/repository-names.js';

const PAGE = 100;
/** Failed checks whose annotations are read. */
const MAX_READ = 10;

type CheckRun = RestEndpointMethodTypes['checks']['listForRef']['response']['data']['check_runs'][number];
type Annotation = RestEndpointMethodTypes['checks']['listAnnotations']['response']['data'][number];

/** What GitHub's two mechanisms say about a commit: check runs of Apps and Actions, and statuses of other programs. */
export class GithubChecks {
  constructor(private readonly octokit: Octokit) {}

  async of(ref: RepositoryRef, commit: string): Promise<PullRequestCheck[]> {
    const at = { ...namesOf(ref), ref: commit, per_page: PAGE };
    const [runs, statuses] = await Promise.all([
      this.octokit.rest.checks.listForRef({ ...at, filter: 'latest' }),
      this.octokit.rest.repos.getCombinedStatusForRef(at),
    ]);
    const { check_runs: all } = runs.data;
    const logs = await this.logsOf(ref, all);
    return [
      ...all.map((run) => toCheck(run, logs.get(run.id) ?? null)),
      ...statuses.data.statuses.map(({ context, state, target_url: url, description: summary }) => ({
        name: context,
        state: STATUSES[state] ?? 'pending',
        url,
        summary,
        log: null,
      })),
    ].toSorted((a, b) => a.name.localeCompare(b.name));
  }

  private async logsOf(ref: RepositoryRef, runs: CheckRun[]): Promise<Map<number, string>> {
    const failed = runs.filter((run) => stateOf(run) === 'failed').slice(0, MAX_READ);
    const logs = failed.map(async (run) => [run.id, await this.logOf(ref, run)] as const);
    return new Map(await Promise.all(logs));
  }

  /** What the check wrote about itself, then where in the code it found something. */
  private async logOf(ref: RepositoryRef, { id, output }: CheckRun): Promise<string> {
    const { data } =
      output.annotations_count > 0
        ? await this.octokit.rest.checks.listAnnotations({
            ...namesOf(ref),
            check_run_id: id,
            per_page: PAGE,
          })
        : { data: [] };
    const bad = data.filter((one) => one.annotation_level !== 'notice');
    return endOfLog([output.summary, output.text, ...bad.map(toLine)].filter(Boolean).join('\n'));
  }
}

const toLine = ({ path, start_line: line, title, message, raw_details: details }: Annotation): string =>
  [`${path}:${line}: ${[title, message].filter(Boolean).join(': ')}`, details].filter(Boolean).join('\n');

const toCheck = (run: CheckRun, log: string | null): PullRequestCheck => ({
  name: run.name,
  state: stateOf(run),
  url: run.html_url,
  summary: run.output.title,
  log: log === '' ? null : log,
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
