/** A commit of a session and its push. Parameters: tenant, session, who made them. Answers with both ids. */
export const PUSHED_COMMIT = `
  WITH made AS (
    INSERT INTO session_commits (id, tenant_id, session_id, oid, tree, mode, commits, message, left_out, created_by, author, created_at)
    VALUES (gen_random_uuid(), $1, $2, repeat('1', 40), repeat('2', 40), 'squash', 1, 'Theirs', '{}', $3::text,
            jsonb_build_object('kind', 'person', 'id', $3::text, 'name', 'Ada'), now())
    RETURNING *)
  INSERT INTO session_pushes (id, tenant_id, session_id, commit_id, oid, repo_url, branch, status, created_by, author, created_at, pushed_at)
  SELECT gen_random_uuid(), tenant_id, session_id, id, oid, 'https://git.example.test/app', 'codex/theirs', 'pushed', created_by, author, now(), now()
    FROM made
  RETURNING id AS "pushId", commit_id AS "commitId"`;
