/**
 * One session's folder below WORKSPACES_ROOT. `repo`, `codex-home` and what is in `homes` are the agent's;
 * the rest is ours and is never shown to it.
 */
export const WORKSPACE = {
  /** The agent's clone, with its own `.git`, which nothing outside the jail runs git with. */
  repo: 'repo',
  /** CODEX_HOME: the thread's memory. */
  codexHome: 'codex-home',
  /** What runs keep outside of the repository: the HOME of setup scripts, and that of agents. */
  homes: 'homes',
  /** While checks or a proposal run: `<run id>/repo` and `homes`, which only that run sees. */
  aside: 'checks',
  /** The trusted git directory: checkpoints and diffs come from here. */
  history: 'history.git',
  /** Each run's durable events once more, one file per run, until they are archived. */
  spool: 'spool',
  /** The runner's record of the thread. */
  thread: 'thread.json',
} as const;

/** In `homes`. */
export const HOMES = {
  /** The HOME of setup scripts. */
  setup: 'setup',
  /** The HOME of agents, which starts as a copy of that of setup scripts. */
  agent: 'agent',
  /** The runner's record of `agent`. Without it, `agent` is not used any more: the next agent gets a new copy. */
  record: 'agent.json',
  /** An empty file, as old as the copy: what changed in `agent` since then, agents have changed. */
  copied: 'agent.copied',
} as const;

/** Bare mirrors, one per tenant and repository: `WORKSPACES_ROOT/.mirrors/<tenant>/<hash>.git`. */
export const MIRRORS_FOLDER = '.mirrors';
/**
 * Images of prompts: `WORKSPACES_ROOT/.images/<session_id>/<image_id>.<extension>`. Not in the session's folder, which is
 * made anew when its setup is tried again, and removed long before its conversation is.
 */
export const IMAGES_FOLDER = '.images';
/** Deleted workspaces wait here: removing many files slows the next checkout, a rename does not. */
export const TRASH_FOLDER = '.trash';
