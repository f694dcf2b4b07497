import type { NeedsYouReason } from '@saas-codex/contracts/needs-you';
import type { TenantTransaction } from '../database/tenant-database.js';

/*
 * Why a session waits for a person, and for whom. This file alone decides that:
 *
 *     REASONS (most urgent first) ─► the first that holds of the session ─► sessions.needs_you ─► lists, activity, notifications
 *
 * Both columns are derived, and written in every transaction that changes the session, its runs or who has read it
 * (`SessionStore.change`). So they match the rest of the row, and a list needs no look at runs.
 */
interface Reason {
  reason: NeedsYouReason;
  /** SELECT of `since` and of `authors`, who wrote the prompts in question (text[]); no row: it does not hold of session `s`. */
  when: string;
  /** It ends when one of those concerned has seen it. */
  untilSeen?: true;
}

const OF_SESSION = 'r.tenant_id = s.tenant_id AND r.session_id = s.id';
const NOBODY = `'{}'::text[]`;
const IS_READY = `s.status = 'ready'`;
const NOTHING_WORKS = `${IS_READY} AND s.active_run_id IS NULL`;

const REASONS: readonly Reason[] = [
  {
    reason: 'approval_pending',
    when: `SELECT min(a.created_at) AS since, array_agg(r.created_by) AS authors
             FROM approvals a JOIN runs r ON r.tenant_id = a.tenant_id AND r.id = a.run_id
            WHERE a.tenant_id = s.tenant_id AND a.session_id = s.id AND a.status = 'pending' HAVING count(*) > 0`,
  },
  {
    reason: 'limit_reached',
    when: `SELECT r.limit_reached_at AS since, ARRAY[r.created_by] AS authors FROM runs r
            WHERE ${OF_SESSION} AND ${IS_READY} AND r.status = 'running' AND r.limit_reached_at IS NOT NULL`,
  },
  {
    reason: 'session_failed',
    when: `SELECT s.updated_at AS since, ${NOBODY} AS authors WHERE s.status = 'failed'`,
    untilSeen: true,
  },
  {
    reason: 'setup_failed',
    when: `SELECT coalesce((SELECT max(r.ended_at) FROM runs r WHERE ${OF_SESSION} AND r.kind = 'setup'), s.updated_at) AS since,
                  ${NOBODY} AS authors
            WHERE ${NOTHING_WORKS} AND s.setup IS NOT NULL
              AND coalesce(s.setup_status, 'missing') NOT IN ('succeeded', 'queued', 'running')`,
  },
  {
    reason: 'queue_held',
    when: `SELECT coalesce((SELECT max(e.ended_at) FROM runs e WHERE e.tenant_id = s.tenant_id AND e.session_id = s.id),
                           min(r.created_at)) AS since,
                  array_agg(r.created_by) AS authors
             FROM runs r
            WHERE ${OF_SESSION} AND ${NOTHING_WORKS} AND r.status = 'queued' AND r.held HAVING count(*) > 0`,
  },
  {
    reason: 'run_failed',
    when: `SELECT r.ended_at AS since, ARRAY[r.created_by] AS authors FROM runs r
            WHERE ${OF_SESSION} AND ${NOTHING_WORKS} AND s.queued_runs = 0 AND r.kind NOT IN ('setup', 'check', 'edit', 'proposal')
              AND s.last_run_status IN ('failed', 'interrupted') AND r.status = s.last_run_status AND r.ended_at IS NOT NULL
            ORDER BY r.ended_at DESC, r.ordinal DESC LIMIT 1`,
    untilSeen: true,
  },
];

const CANDIDATES = REASONS.map(
  ({ reason, when, untilSeen = false }, rank) =>
    `SELECT ${rank} AS rank, '${reason}' AS reason, ${untilSeen} AS until_seen, c.since, c.authors FROM (${when}) c`,
).join(' UNION ALL ');

const ISO = `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`;

const NEEDS_YOU = `
  SELECT jsonb_build_object(
           'reason', reason, 'since', to_char(since AT TIME ZONE 'UTC', ${ISO}), 'user_ids', to_jsonb(people))
    FROM (SELECT candidate.*,
                 ARRAY(SELECT DISTINCT unnest(authors || coalesce(s.owner_id, s.created_by)) ORDER BY 1) AS people
            FROM (${CANDIDATES}) candidate) reasons
   WHERE NOT (until_seen AND EXISTS (
           SELECT FROM session_reads seen
            WHERE seen.tenant_id = s.tenant_id AND seen.session_id = s.id AND seen.user_id = ANY (people) AND seen.read_at >= since))
   ORDER BY rank LIMIT 1`;

/** A prompt that was removed from the queue is no news, and neither is a setup, a compaction or an edit that went as it should. */
const NEWS_AT = `
  greatest(s.created_at, CASE WHEN s.status = 'failed' THEN s.updated_at END,
           (SELECT max(r.ended_at) FROM runs r
             WHERE ${OF_SESSION} AND (r.started_at IS NOT NULL OR r.status <> 'cancelled')
               AND (r.kind IN ('prompt', 'review') OR r.status <> 'succeeded')))`;

const UPDATE = `
  UPDATE sessions SET needs_you = now.needs_you, news_at = now.news_at
    FROM (SELECT (${NEEDS_YOU}) AS needs_you, ${NEWS_AT} AS news_at FROM sessions s WHERE s.tenant_id = $1 AND s.id = $2) now
   WHERE tenant_id = $1 AND id = $2
     AND (sessions.needs_you, sessions.news_at) IS DISTINCT FROM (now.needs_you, now.news_at)`;

/** For the transaction that has locked the session's row, as its last statement that changes it. */
export async function updateNeedsYou(tx: TenantTransaction, sessionId: string): Promise<void> {
  await tx.manager.query(UPDATE, [tx.scope.tenantId, sessionId]);
}
