import type { Destination } from '@saas-codex/contracts/approval-questions';
import type { Approval } from '@saas-codex/contracts/approvals';
import type { Session } from '@saas-codex/contracts/sessions';
import { useQuery } from '@tanstack/react-query';
import { Check, CircleSlash, type LucideIcon } from 'lucide-react';
import { lookUp } from '../../../shared/lib/open-enums.js';
import { usePermission } from '../../../shared/api/use-permission.js';
import { approvalsQuery } from '../../session/api/list-approvals.js';
import { describeCommand } from '../command/describe-command.js';
import type { ApprovalEntry } from '../run-timeline.js';
import { CodeTarget, StepRow } from './step-row.js';

interface ApprovalRowProps {
  entry: ApprovalEntry;
  id: string;
  session: Session;
  /** While the run works, an open question has a card of its own. */
  live: boolean;
}

/** Who answered what, where the agent asked. */
export function ApprovalRow({ entry: { question, resolved }, id, session, live }: ApprovalRowProps) {
  // The log does not name people.
  const mayKnowWho = usePermission('members:read');
  const isAnswered = resolved?.outcome === 'answered';
  const { data } = useQuery({ ...approvalsQuery(session.session_id), enabled: mayKnowWho && isAnswered });
  if (!resolved && live) return null;
  const approval = data?.items.find(({ approval_id }) => approval_id === question.approval_id);
  const { icon, verb } = resolved ? outcomeOf(resolved, approval) : EXPIRED;
  return (
    <StepRow
      id={id}
      icon={icon}
      verb={verb}
      target={
        question.command !== null ? (
          <CodeTarget>{describeCommand(question.command).script}</CodeTarget>
        ) : (
          question.destination && <CodeTarget>{destinationText(question.destination)}</CodeTarget>
        )
      }
    >
      {approval?.note && <p className="text-sm whitespace-pre-wrap text-muted-foreground">{approval.note}</p>}
    </StepRow>
  );
}

/** `GET example.org:80` */
export const destinationText = ({ host, port, method }: Destination): string =>
  `${method === null ? '' : `${method} `}${host}:${port}`;

interface Outcome {
  icon: LucideIcon;
  verb: string;
}

const EXPIRED: Outcome = { icon: CircleSlash, verb: 'Ended before anybody answered' };
const TIMED_OUT: Outcome = { icon: CircleSlash, verb: 'Declined, since nobody answered in time' };
const VERBS: Record<Extract<Approval['decision'], string>, Outcome> = {
  accept: { icon: Check, verb: 'accepted' },
  accept_for_session: { icon: Check, verb: 'accepted for the rest of the run' },
  decline: { icon: CircleSlash, verb: 'declined' },
  cancel: { icon: CircleSlash, verb: 'declined, and ended the turn' },
};

function outcomeOf(
  { outcome, decision }: NonNullable<ApprovalEntry['resolved']>,
  approval: Approval | undefined,
): Outcome {
  if (outcome === 'expired' || decision === null) return EXPIRED;
  if (outcome === 'timed_out') return TIMED_OUT;
  const { icon, verb } = lookUp(VERBS, decision) ?? { icon: Check, verb: 'answered' };
  const who = approval?.decided_by?.name;
  return { icon, verb: who ? `${who} ${verb}` : `${verb.charAt(0).toUpperCase()}${verb.slice(1)}` };
}
