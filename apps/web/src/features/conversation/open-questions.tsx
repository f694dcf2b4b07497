import type { Session } from '@saas-codex/contracts/sessions';
import { openQuestions } from '../../entities/timeline/present.js';
import type { RunTimeline } from '../../entities/timeline/run-timeline.js';
import { later } from '../../shared/ui/later.js';

/** Few sessions ask. */
const ApprovalCards = later(async () => (await import('./approval-card.js')).ApprovalCards);

/** What a run that works asks a person. */
export function OpenQuestions({ timeline, session }: { timeline: RunTimeline; session: Session }) {
  const questions = openQuestions(timeline);
  if (questions.length === 0) return null;
  return <ApprovalCards questions={questions} entries={timeline.entries} sessionId={session.session_id} />;
}
