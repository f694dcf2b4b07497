/** Inserts a question of a run that waits for an answer. Parameters: tenant, session and run. Returns its id. */
export const PENDING_APPROVAL = `
  INSERT INTO approvals (id, tenant_id, session_id, run_id, request_id, kind, item_id, command, decisions, status, created_at)
  VALUES (gen_random_uuid(), $1, $2, $3, '0', 'command', 'item_0', 'true', '{accept,cancel}', 'pending', now())
  RETURNING id`;
