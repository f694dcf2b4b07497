import type { KnownItem } from '@saas-codex/contracts/items';
import type { Session } from '@saas-codex/contracts/sessions';
import { useShowChanges } from '../../session/changes-location.js';
import { Button } from '../../../shared/ui/button.js';
import { VisibleText } from '../../../shared/ui/visible-text.js';
import { Markdown } from '../markdown/markdown.js';
import { Finding } from './review-finding.js';

interface ReviewReportProps {
  review: Extract<KnownItem, { type: 'review' }>;
  session: Session;
}

/** What a review says about the whole, and its findings, each with the way to its lines in Changes. */
export function ReviewReport({ review: { text, findings }, session }: ReviewReportProps) {
  const show = useShowChanges();
  return (
    <div className="space-y-3 py-1.5">
      {text && <Markdown text={text} />}
      {findings.length > 0 && (
        <ul aria-label="Findings" className="space-y-2">
          {findings.map((finding, index) => (
            <li key={index} className="rounded-xl border bg-card px-3.5 py-3">
              <Finding finding={finding} session={session}>
                <Button
                  size="sm"
                  variant="ghost"
                  className="max-w-full min-w-0 font-mono"
                  onClick={() => show({ file: finding.path })}
                >
                  <span className="truncate">
                    <VisibleText>{`${finding.path}:${finding.first_line}`}</VisibleText>
                  </span>
                </Button>
              </Finding>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
