import type { AuditChanges } from '@saas-codex/contracts/audit';
import type { UpdateSession } from '@saas-codex/contracts/sessions';
import type { SessionEntity } from './session.entity.js';
import { ownerOf } from './session-view.js';

/** What the audit log calls a session. Admins read the log, and not the titles of sessions that are private to others. */
export const auditedTitle = ({ title, visibility }: SessionEntity): string | null =>
  visibility === 'tenant' ? title : null;

/** What the audit log says of a change. A script may hold secrets, so of the setup it says only whether there is one. */
export function auditedChanges(session: SessionEntity, body: UpdateSession): AuditChanges {
  const { title, status, network, trust_repository: trust, queue_held: held, setup } = body;
  const { secrets, visibility, owner_id: ownerId, approval_mode: approvalMode } = body;
  const isShown = session.visibility === 'tenant' && (visibility ?? 'tenant') === 'tenant';
  const script = (value: object | null) => (value === null ? null : 'a script');
  return {
    ...(title !== undefined && isShown && { title: { old: session.title, new: title } }),
    ...(status !== undefined && { status: { old: session.status, new: status } }),
    ...(network !== undefined && { network: { old: session.network, new: network } }),
    ...(trust !== undefined && { trust_repository: { old: session.trustRepository, new: trust } }),
    ...(approvalMode !== undefined && { approval_mode: { old: session.approvalMode, new: approvalMode } }),
    ...(held !== undefined && { queue_held: { old: session.queueHeld, new: held } }),
    ...(secrets !== undefined && { secrets: { old: session.secrets, new: secrets } }),
    ...(visibility !== undefined && { visibility: { old: session.visibility, new: visibility } }),
    ...(ownerId !== undefined && { owner_id: { old: ownerOf(session), new: ownerId } }),
    ...(setup !== undefined && {
      setup: { old: script(session.setup), new: setup && (session.setup ? 'another script' : 'a script') },
    }),
  };
}
