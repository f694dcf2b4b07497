import type { ReviewFinding } from '@saas-codex/contracts/items';
import type { Session } from '@saas-codex/contracts/sessions';
import { Finding } from '../../entities/timeline/items/review-finding.js';

/** A finding of a review, below the last of its lines. */
export const LineFinding = ({ finding, session }: { finding: ReviewFinding; session: Session }) => (
  <aside
    aria-label={`Finding at line ${finding.first_line}`}
    className="m-2 max-w-2xl rounded-lg border bg-card px-3 py-2.5 font-sans whitespace-normal shadow-xs"
  >
    <Finding finding={finding} session={session}>
      <span className="text-xs text-muted-foreground">
        {finding.first_line === finding.last_line
          ? `Line ${finding.first_line}`
          : `Lines ${finding.first_line} to ${finding.last_line}`}
      </span>
    </Finding>
  </aside>
);
