/** A pull request of a session, which the forge is not asked about any more. Parameters: tenant, session, who asked for it. */
export const MERGED_PULL_REQUEST = `
  INSERT INTO pull_requests (session_id, tenant_id, repo_url, repository, head, head_commit, wanted, wanted_version, applied_version,
                             opened_at, number, url, state, changed_at, created_by, created_at, updated_at)
  VALUES ($2, $1, 'https://git.example.test/app', 'git.example.test/app', 'codex/theirs', repeat('1', 40),
          '{"title": "Theirs", "body": "", "base": "main", "draft": false, "labels": [], "reviewers": []}', 1, 1,
          now(), 1, 'https://git.example.test/app/pull/1', 'merged', now(), $3, now(), now())`;
