import { z } from 'zod';
import type { ForgeNews } from './pull-request-store.js';

/** What Postgres can look for. */
export const number = z.int32();
const numbered = z.object({ number });
const sha = z.string();
const suite = z.object({
  head_sha: sha,
  head_branch: z.string().nullish(),
  pull_requests: z.array(numbered).nullish(),
});

const named = z.object({ name: z.string() }).nullish();

/** What GitHub's events, Gitea's after their model, and Bitbucket's say about pull requests. None of it is believed: it says only where to look. */
const Delivery = z.object({
  repository: z.object({ full_name: z.string() }),
  pull_request: numbered.nullish(),
  issue: numbered.nullish(),
  check_run: z.object({ head_sha: sha, pull_requests: z.array(numbered).nullish() }).nullish(),
  check_suite: suite.nullish(),
  workflow_run: suite.nullish(),
  /** Of a commit's status. */
  sha: sha.nullish(),
  branches: z.array(z.object({ name: z.string() })).nullish(),
  /** Of a push. */
  ref: z.string().nullish(),
  /** The same of Bitbucket: a pull request, a push, a commit's status. */
  pullrequest: z.object({ id: number }).nullish(),
  push: z.object({ changes: z.array(z.object({ new: named, old: named })) }).nullish(),
  commit_status: z
    .object({
      refname: z.string().nullish(),
      links: z.object({ commit: z.object({ href: z.string() }) }).nullish(),
    })
    .nullish(),
});

/**
 * Which pull requests a webhook's delivery may be about.
 * @param host of the forge
 * @returns null when it is about something else
 */
export function newsOf(host: string, body: unknown): ForgeNews | null {
  const delivery = Delivery.safeParse(body).data;
  if (!delivery) return null;
  const { repository, pull_request, issue, check_run, check_suite, workflow_run } = delivery;
  const { pullrequest, push, commit_status: status } = delivery;
  const suites = [check_suite, workflow_run];
  const listed = [check_run, ...suites].flatMap((one) => one?.pull_requests ?? []);
  return {
    repository: `${host}/${repository.full_name}`.toLowerCase(),
    numbers: present([...[pull_request, issue, ...listed].map((one) => one?.number), pullrequest?.id]),
    branches: present([
      ...suites.map((one) => one?.head_branch),
      ...(delivery.branches ?? []).map(({ name }) => name),
      delivery.ref?.replace(/^refs\/heads\//, ''),
      ...(push?.changes ?? []).flatMap((change) => [change.new?.name, change.old?.name]),
      status?.refname,
    ]),
    commits: present([
      delivery.sha,
      check_run?.head_sha,
      ...suites.map((one) => one?.head_sha),
      status?.links?.commit.href.split('/').at(-1),
    ]),
  };
}

/** Those that are there. */
export const present = <T>(values: (T | null | undefined)[]): T[] =>
  values.filter((value) => value !== null && value !== undefined);
