import { z } from 'zod';
import { number, present } from './forge-news.js';
import type { ForgeNews } from './pull-request-store.js';

const numbered = z.object({ iid: number });

/** What GitLab's events say about merge requests. */
const Delivery = z.object({
  object_kind: z.string(),
  project: z.object({ path_with_namespace: z.string() }).nullish(),
  /** Of a job, which has no project in some versions. */
  repository: z.object({ homepage: z.string().nullish() }).nullish(),
  object_attributes: z
    .object({ iid: number.nullish(), ref: z.string().nullish(), sha: z.string().nullish() })
    .nullish(),
  merge_request: numbered.nullish(),
  /** Of a push, or a job. */
  ref: z.string().nullish(),
  sha: z.string().nullish(),
});

/**
 * Which merge requests a webhook's delivery may be about.
 * @param host of the forge
 * @returns null when it is about something else
 */
export function gitlabNewsOf(host: string, body: unknown): ForgeNews | null {
  const delivery = Delivery.safeParse(body).data;
  if (!delivery) return null;
  const { object_kind: kind, object_attributes: about, project, repository } = delivery;
  const path = project?.path_with_namespace ?? pathOf(repository?.homepage ?? '');
  if (path === '') return null;
  const ref = kind === 'pipeline' ? about?.ref : delivery.ref;
  return {
    repository: `${host}/${path}`.toLowerCase(),
    numbers: present([kind === 'merge_request' ? about?.iid : null, delivery.merge_request?.iid]),
    branches: present([ref?.replace(/^refs\/heads\//, '')]),
    commits: present([kind === 'pipeline' ? about?.sha : delivery.sha]),
  };
}

const pathOf = (homepage: string): string =>
  URL.canParse(homepage) ? new URL(homepage).pathname.slice(1) : '';
