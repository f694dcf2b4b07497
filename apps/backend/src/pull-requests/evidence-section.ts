import type { EvidenceEntity } from '../evidence/evidence.entity.js';
import type { CommitStatus } from '../forges/port/pull-requests.js';
import { asCode, withSection } from './body-sections.js';

export const STATUS_CONTEXT = 'saas-codex/checks';
const SECOND_MS = 1_000;

/** @param evidence about exactly the tree of its head; null takes back what was said before @param url of a page that shows it */
export const withEvidence = (body: string, evidence: EvidenceEntity | null, url: string): string =>
  withSection(body, 'evidence', evidence && linesOf(evidence, url));

/** What the commit's status says. */
export function statusOf({ checks, id, result }: EvidenceEntity, url: string): CommitStatus {
  const passed = checks.filter(({ status }) => status === 'passed').length;
  const summary = `${passed} of ${checks.length} passed, evidence ${id}`;
  return { context: STATUS_CONTEXT, state: result, summary, url };
}

function linesOf({ id, result, tree, checks }: EvidenceEntity, url: string): string[] {
  const rows = checks.map(
    ({ name, status, duration_ms: ms }) =>
      `| ${asCode(name)} | ${status.replace('_', ' ')} | ${ms === null ? '' : `${Math.round(ms / SECOND_MS)} s`} |`,
  );
  return [
    `**Checks ${result}** on exactly these files (tree \`${tree}\`), run by saas-codex without the agent.`,
    '',
    '| Check | Result | Took |',
    '| --- | --- | --- |',
    ...rows,
    '',
    `[Signed evidence](${url}) \`${id}\``,
  ];
}
