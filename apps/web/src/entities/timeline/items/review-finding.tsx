import type { ReviewFinding } from '@saas-codex/contracts/items';
import type { Session } from '@saas-codex/contracts/sessions';
import type { ReactNode } from 'react';
import { inFront, promptDraftKey } from '../../run/prompt-draft-key.js';
import { usePermission } from '../../../shared/api/use-permission.js';
import { drafts } from '../../../shared/lib/drafts.js';
import { focusContent } from '../../../shared/lib/focus.js';
import { Badge, type BadgeTone } from '../../../shared/ui/badge.js';
import { Button } from '../../../shared/ui/button.js';
import { VisibleText } from '../../../shared/ui/visible-text.js';
import { Markdown } from '../markdown/markdown.js';
import { promptFor } from './finding-prompt.js';

interface FindingProps {
  finding: ReviewFinding;
  session: Session;
  /** Beside “Fix this”. */
  children?: ReactNode;
}

const TONES: readonly BadgeTone[] = ['danger', 'warning', 'accent', 'neutral'];
const IMPORTANCE = ['Drop everything for this', 'Urgent', 'Normal', 'Nice to have'];

/** One finding of a review, which a person can have fixed. */
export function Finding({ finding, session, children }: FindingProps) {
  const { title, text, priority } = finding;
  const mayFix = usePermission('runs:create') && session.status === 'ready';
  const fix = () => {
    const name = promptDraftKey(session.session_id);
    drafts.write(name, inFront(promptFor(finding))(drafts.read(name)));
    focusContent();
  };
  return (
    <>
      <p className="flex items-start gap-2 text-sm font-medium">
        {priority !== null && (
          <Badge tone={TONES[priority] ?? 'neutral'} title={IMPORTANCE[priority]} className="shrink-0">
            P{priority}
          </Badge>
        )}
        <span className="min-w-0 [overflow-wrap:anywhere]">
          <VisibleText>{title}</VisibleText>
        </span>
      </p>
      {text && (
        <div className="mt-1 text-sm">
          <Markdown text={text} />
        </div>
      )}
      <div className="mt-2 flex min-w-0 flex-wrap items-center gap-2">
        {mayFix && (
          <Button size="sm" onClick={fix}>
            Fix this
          </Button>
        )}
        {children}
      </div>
    </>
  );
}
