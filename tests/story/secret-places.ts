/** The places where each secret must be, and the only ones where it may be. */
export const HOMES = {
  modelKey: ['environment:launcher', 'environment:runner'],
  serviceToken: ['environment:backend', 'environment:runner', 'file:secrets.json'],
  authSecret: ['environment:backend', 'file:secrets.json'],
  secretsKey: ['file:secrets-key'],
  // Not even in a jail.
  ownModelKey: [],
  // A session hands it to its jail on purpose.
  tenantSecret: ['environment:codex', 'environment:command'],
  postgresPassword: ['environment:backend', 'file:secrets.json'],
  redisPassword: ['environment:backend', 'environment:gateway', 'environment:runner', 'file:secrets.json'],
  ownerToken: ['file:owner-token'],
  signInToken: [],
  cookieSignature: [],
  // The other half of the cookie, which is useless without its signature.
  cookieId: ['file:postgres', 'table:user_sessions'],
  smtpPassword: ['environment:backend', 'environment:launcher'],
  oidcSecret: ['environment:backend', 'environment:launcher'],
  metricsToken: ['backend', 'gateway', 'launcher', 'runner'].map((who) => `environment:${who}`),
  // Shown once, and kept as hashes.
  personalKey: [],
  programKey: [],
  shownKey: [],
  unusedInvitationToken: [],
  resetToken: [],
  unusedResetToken: [],
  password: [],
  recoveryCode: [],
  passkeyChallenge: [],
  // Kept encrypted.
  gitToken: [],
  appSecret: [],
  webhookSecret: [],
  // The page of an invitation can be loaded again until somebody accepts it, which this person has done.
  invitationToken: [],
  // The page of a reader keeps it in its address, so that it can be loaded again.
  shareToken: ['browser:history'],
  shareCookie: ['browser:cookies'],
  // The token of one run. In a jail Codex has none, since its socket identifies the run.
  runToken: [],
};

/** Every kind of place. The canary must be found in each. */
export const SEARCHED = [
  'environment:command',
  'arguments:command',
  'answer',
  'events:run',
  'events:activity',
  'file:repo',
  'file:codex-home',
  'file:spool',
  'file:gateway.log',
  'file:backend.log',
  'file:runner.log',
  'file:redis',
  'file:postgres',
  'git:.mirrors',
  'git:repo',
  'git:history.git',
  'table:sessions',
  'table:runs',
  'table:run_events',
  'table:audit_entries',
  ...['string', 'list', 'set', 'zset', 'hash', 'stream'].map((type) => `redis:${type}`),
  ...[
    'local-storage',
    'session-storage',
    'indexed-db',
    'caches',
    'cookies',
    'state',
    'history',
    'requests',
  ].map((kind) => `browser:${kind}`),
];
/** A place's name without the parts that vary between runs. */
export const kindOf = (place: string): string =>
  place.replace(/:.*?(\.mirrors|repo|codex-home|history\.git|spool|\w+\.log|redis|postgres)\b.*/, ':$1');
