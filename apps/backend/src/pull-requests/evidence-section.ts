import type { EvidenceEntity } from '../evidence/evidence.entity.js';
import type { CommitStatus } from '../forges/port/pull-requests.js';

/* What our own checks have shown of the commit at the head of a pull request stands in its description, between two marks. */

const BEGIN = '<!-- saas-codex: evidence -->';
const END = '<!-- saas-codex: end of the evidence -->';
const SECTION = new RegExp(`\\s*${BEGIN}[^]*?${END}`, 'g');
const STATUS_CONTEXT = 'saas-codex/checks';
const SECOND_MS = 1_000;

/** The description that a person wants, with what the forge has of evidence. */
export const keepEvidence = (wanted: string, there: string): string =>
  withSection(wanted, there.match(SECTION)?.at(-1)?.trim() ?? null);

/** @param evidence about exactly the tree of its head; null takes back what was said before @param url of a page that shows it */
export const withEvidence = (body: string, evidence: EvidenceEntity | null, url: string): string =>
  withSection(body, evidence && sectionOf(evidence, url));

/** What the commit's status says. */
export function statusOf({ checks, id, result }: EvidenceEntity, url: string): CommitStatus {
  const passed = checks.filter(({ status }) => status === 'passed').length;
  const summary = `${passed} of ${checks.length} passed, evidence ${id}`;
  return { context: STATUS_CONTEXT, state: result, summary, url };
}

const withSection = (body: string, section: string | null): string =>
  [body.replaceAll(SECTION, ''), section ?? ''].filter(Boolean).join('\n\n');

function sectionOf({ id, result, tree, checks }: EvidenceEntity, url: string): string {
  const rows = checks.map(
    ({ name, status, duration_ms: ms }) =>
      `| ${asCode(name)} | ${status.replace('_', ' ')} | ${ms === null ? '' : `${Math.round(ms / SECOND_MS)} s`} |`,
  );
  return [
    BEGIN,
    `**Checks ${result}** on exactly these files (tree \`${tree}\`), run by saas-codex without the agent.`,
    '',
    '| Check | Result | Took |',
    '| --- | --- | --- |',
    ...rows,
    '',
    `[Signed evidence](${url}) \`${id}\``,
    END,
  ].join('\n');
}

/** The repository chose the name: in code, it mentions nobody, links nowhere, and ends no table. Nor is it one of the marks. */
const asCode = (name: string) => `\`${name.replaceAll(/[`|\r\n]/g, ' ').replaceAll('<!--', '< !--')}\``;
