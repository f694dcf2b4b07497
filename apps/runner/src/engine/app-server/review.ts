import type { ReviewFinding } from '@saas-codex/contracts/items';
import { z } from 'zod';
import { relativeToRepo } from '../relative-to-repo.js';

/*
 * What a review has found, from the text in which Codex reports it:
 *
 *     what the reviewer says about the whole         or, where the reviewer did not keep to its schema,
 *                                                     its own JSON, or any other text
 *     Full review comments:
 *
 *     - [P1] Title — /path/of/the/file:first-last
 *       text of the finding
 *
 * Text that is neither is all the review says.
 */

const HEADER = /^(?:Full review comments|Review comment):$/m;
/** A path should be absolute; titles and paths may contain a dash. */
const TITLE = /^- (.*) — (\/.+):(\d+)-(\d+)$/;
const TITLE_WITH_ANY_PATH = /^- (.*) — (.+):(\d+)-(\d+)$/;
const INDENT = '  ';
/** How important it is, in front of a title. */
const PRIORITY = /^\[P([0-3])\]\s*/;

const line = z.int().nonnegative();
const ReviewerAnswer = z.looseObject({
  findings: z.array(
    z.looseObject({
      title: z.string(),
      body: z.string().catch(''),
      priority: z.int().min(0).max(3).nullable().catch(null),
      code_location: z.looseObject({
        absolute_file_path: z.string(),
        line_range: z.looseObject({ start: line, end: line }),
      }),
    }),
  ),
  overall_explanation: z.string().catch(''),
});

interface Review {
  /** What the reviewer says about the whole. */
  text: string;
  findings: ReviewFinding[];
}

/** @param repo folder of the repository, to which the findings' paths become relative */
export function parseReview(review: string, repo: string): Review {
  return fromJson(review, repo) ?? fromText(review, repo);
}

function fromJson(review: string, repo: string): Review | null {
  try {
    const json = review.slice(review.indexOf('{'), review.lastIndexOf('}') + 1);
    const { findings, overall_explanation: text } = ReviewerAnswer.parse(JSON.parse(json));
    return {
      text,
      findings: findings.map(({ title, body, priority, code_location: at }) =>
        toFinding(title, body, { path: at.absolute_file_path, ...at.line_range }, { repo, priority }),
      ),
    };
  } catch {
    return null;
  }
}

function fromText(review: string, repo: string): Review {
  const header = HEADER.exec(review);
  if (header === null) return { text: review.trim(), findings: [] };
  const findings: ReviewFinding[] = [];
  let body: string[] = [];
  const endBody = () => {
    const last = findings.at(-1);
    if (last) last.text = body.join('\n').trim();
    body = [];
  };
  for (const text of review.slice(header.index + header[0].length).split('\n')) {
    const [, title, path, start, end] = TITLE.exec(text) ?? TITLE_WITH_ANY_PATH.exec(text) ?? [];
    if (title === undefined || path === undefined) body.push(text.replace(INDENT, ''));
    else {
      endBody();
      const place = { path, start: Number(start), end: Number(end) };
      findings.push(toFinding(title, '', place, { repo, priority: null }));
    }
  }
  endBody();
  const isReadable = findings.length > 0;
  return { text: (isReadable ? review.slice(0, header.index) : review).trim(), findings };
}

const toFinding = (
  title: string,
  text: string,
  place: { path: string; start: number; end: number },
  { repo, priority }: { repo: string; priority: number | null },
): ReviewFinding => ({
  title: title.replace(PRIORITY, ''),
  text: text.trim(),
  priority: priorityIn(title) ?? priority,
  path: relativeToRepo(place.path, repo),
  first_line: Math.min(place.start, place.end),
  last_line: Math.max(place.start, place.end),
});

function priorityIn(title: string): number | null {
  const tag = PRIORITY.exec(title)?.[1];
  return tag === undefined ? null : Number(tag);
}
