/**
 * Every setting of the product, declared once:
 *
 *     this table ─┬─► Config of gateway, backend and runner
 *                 ├─► what `npm start` accepts, and which service gets it
 *                 ├─► .env.example and docs/configuration.md (`npm run generate`)
 *                 └─► the specs that check docker-compose.yml, deploy/ and the README
 *
 * To add a setting, add it here, read it where it is needed, and run `npm run generate`.
 */
import type { z } from 'zod';
import { MOST_IMAGES_PER_PROMPT } from './images.js';
import {
  absolutePath,
  absolutePaths,
  baseUrl,
  branchPattern,
  groupRoles,
  hosts,
  httpUrl,
  integer,
  limits,
  issuerUrl,
  mailbox,
  mailDomains,
  masterKeys,
  names,
  noProxyHosts,
  number,
  oneOf,
  optional,
  path,
  positiveNumber,
  postgresUrl,
  proxies,
  proxyUrl,
  redisUrl,
  replicaUrls,
  required,
  secret,
  smtpUrl,
  text,
  withDefault,
} from './setting-types.js';

export const SERVICES = ['gateway', 'backend', 'runner'] as const;
export type Service = (typeof SERVICES)[number];
/** What starts the services with the settings of `.env`. */
export const LAUNCHERS = ['npm start', 'docker compose'] as const;
export type Launcher = (typeof LAUNCHERS)[number];

export interface Setting {
  /** Parses the text. */
  schema: z.ZodType;
  /** Completes "it must be …". */
  allowed: string;
  /** The text that stands for a blank one. */
  default?: string;
  /** What a blank one means, where no text says it. */
  unset?: string;
  /** Services that read it do not start without it. */
  required?: true;
  description: string;
  readBy: readonly Service[];
  /** Which launchers take it from `.env`; none: launchers and images set it themselves. */
  takenBy: readonly Launcher[];
  /** Its value never appears in a log or in what the doctor prints. */
  sensitive?: true;
}

/** For most settings: which service reads what both launchers take from `.env`. */
const GATEWAY = { readBy: ['gateway'], takenBy: LAUNCHERS } as const;
const BACKEND = { readBy: ['backend'], takenBy: LAUNCHERS } as const;
/** Gateway and backend, which both answer the API at their ports. */
const PORTS = { readBy: ['gateway', 'backend'], takenBy: LAUNCHERS } as const;
const RUNNER = { readBy: ['runner'], takenBy: LAUNCHERS } as const;
/** Backend and runner, which connect to hosts outside of the installation. */
const OUTBOUND = { readBy: ['backend', 'runner'], takenBy: LAUNCHERS } as const;
const EVERY_SERVICE = { readBy: SERVICES, takenBy: LAUNCHERS } as const;
const LAUNCHER = { readBy: [], takenBy: LAUNCHERS } as const;

const NPM_START = ['npm start'] as const;
const COMPOSE = ['docker compose'] as const;
const GENERATED = '`npm run env` fills it in';

const model = {
  CODEX_API_KEY: {
    ...optional(text(), 'no key is sent'),
    ...RUNNER,
    description: "The model server's key. Only the runner's model proxy holds it.",
    sensitive: true,
  },
  CODEX_BASE_URL: {
    ...optional(httpUrl('http://127.0.0.1:11434/v1'), 'OpenAI'),
    ...RUNNER,
    description: 'Any server that speaks the Responses API, such as OpenAI, vLLM, Ollama or LM Studio.',
  },
  CODEX_MODEL: {
    ...optional(text(100), "Codex's own default"),
    ...RUNNER,
    description: 'The model for sessions that name none.',
  },
  ENGINE: {
    ...withDefault(oneOf(['app-server', 'sdk']), 'app-server'),
    ...RUNNER,
    description:
      'How Codex is driven. app-server: output streams as it grows, and a working agent can be given further messages. sdk: @openai/codex-sdk, one `codex exec` for each prompt, without either.',
  },
  MODEL_TRUSTED_HOSTS: {
    ...withDefault(hosts(), []),
    ...OUTBOUND,
    description:
      "Hosts that an organisation may name as its own model server although they are reached over plain http or at a private address. A host that leads to the runner's own machine needs its port.",
  },
  DEMO_PACE: {
    ...withDefault(number(0, 10), 1),
    ...RUNNER,
    description: "Length of the demo model's pauses: 1 is a person's reading pace, 0 does not wait.",
  },
} as const satisfies Record<string, Setting>;

const repositories = {
  GIT_TRUSTED_HOSTS: {
    ...withDefault(hosts(), []),
    ...BACKEND,
    description:
      'Hosts of repositories and forges that may be reached over plain http or at a private address.',
  },
  SHIP_BRANCH_PATTERN: {
    ...withDefault(branchPattern(), 'codex/{title}-{id}'),
    ...BACKEND,
    description:
      'The branch to which the work of a session is pushed, unless a person names another one. `{title}` and `{id}` stand for those of the session, `{person}` for who pushes. Rules of an organisation come before it.',
  },
  SHIP_TO_DEFAULT_BRANCH: {
    ...withDefault(oneOf(['forbidden', 'allowed']), 'forbidden'),
    ...BACKEND,
    description:
      'Whether sessions may push to the default branch of a repository, where no rule of the organisation says it. Commits of others are not overwritten there, either.',
  },
} as const satisfies Record<string, Setting>;

const runs = {
  MAX_CONCURRENT_RUNS: {
    ...withDefault(integer(1, 64), 4),
    ...RUNNER,
    description: 'Maximum concurrent runs per runner. Further runs wait in the queue.',
  },
  MAX_WARM_SESSIONS: {
    ...withDefault(integer(0, 64), 4),
    ...RUNNER,
    description:
      'Maximum sessions per runner for which Codex is started before their next prompt comes, in places that no run needs (`MAX_CONCURRENT_RUNS`). Each takes about 100 MB. 0: Codex starts with each prompt.',
  },
  MAX_RUNS_PER_TENANT: {
    ...withDefault(integer(1, 100_000), 16),
    ...BACKEND,
    description:
      'Maximum concurrent runs per organisation, across all runners. Further runs wait in the queue.',
  },
  RESERVED_RUN_PLACES: {
    ...withDefault(integer(0, 100_000), 1),
    ...BACKEND,
    description:
      'Of the places for runs of all runners together, how many one organisation leaves free for the others. Runs cannot be paused, so these places stay free even while nobody else needs them. While there is only one organisation, or one place, nothing is reserved.',
  },
  RUN_TIMEOUT_MINUTES: {
    ...withDefault(number(0.01, 10_000), 60),
    ...RUNNER,
    description: 'Maximum duration of a run, without the time for which it waits for answers.',
  },
  APPROVAL_TIMEOUT_MINUTES: {
    ...withDefault(number(0.01, 100_000), 60),
    ...BACKEND,
    description: 'How long a question of a run waits for an answer, before it counts as declined.',
  },
  MAX_WAITING_RUNS: {
    ...withDefault(integer(0, 10_000), 20),
    ...RUNNER,
    description:
      'Maximum runs per runner that wait for an answer without taking one of its MAX_CONCURRENT_RUNS. Their processes stay, and take memory. Further ones keep their place while they wait.',
  },
  SETUP_TIMEOUT_MINUTES: {
    ...withDefault(number(0.01, 10_000), 20),
    ...RUNNER,
    description: "Maximum duration of a session's setup script.",
  },
  SHUTDOWN_GRACE_SECONDS: {
    ...withDefault(number(0, 3_600), 5),
    ...RUNNER,
    description:
      'How long runs may continue after the runner is told to stop, before they are interrupted. docker compose kills the runner after 30 seconds, so use at most 20 there.',
  },
  MAX_RUN_LOG_MB: {
    ...withDefault(integer(1, 10_000), 64),
    ...RUNNER,
    description:
      "Maximum size of a run's log, in Redis and on disk, inside a jail or not. Most logs take less than 1 MB.",
  },
  MAX_LOGS_MB_PER_TENANT: {
    ...withDefault(integer(1, 1_000_000), 256),
    ...RUNNER,
    description:
      "Maximum size of the logs of an organisation's runs in Redis together. When less than a quarter of it is left, logs that are in Postgres leave Redis before RUN_LOG_TTL_MINUTES. A run that finds no room all the same ends, and its error names this limit.",
  },
  RUN_LOG_TTL_MINUTES: {
    ...withDefault(number(0, 100_000), 60),
    ...BACKEND,
    description:
      "How long Redis keeps an ended run's events once they are in Postgres, for consumers of the streams. Where an organisation's logs take too much (MAX_LOGS_MB_PER_TENANT), they leave earlier.",
  },
} as const satisfies Record<string, Setting>;

const spending = {
  DEFAULT_LIMITS: {
    ...withDefault(limits(), []),
    ...BACKEND,
    description:
      'Limits of an organisation until its admins set their own: of each run (run.usd, run.tokens), and of each session, each person and the organisation as a whole (session., person. and tenant. with usd_per_day, usd_per_month, tokens_per_day, tokens_per_month, queued_runs; not of a session: concurrent_runs). Days and months are those of UTC.',
  },
  MAX_LIMITS: {
    ...withDefault(limits(), []),
    ...BACKEND,
    description:
      'Ceilings of the operator, in the form of DEFAULT_LIMITS: no organisation passes them, whatever its admins set, and where they have set nothing these limits are in force. Disk has DISK_QUOTA_GB_PER_TENANT, and concurrent runs also MAX_RUNS_PER_TENANT.',
  },
  MODEL_MAX_OUTPUT_TOKENS: {
    ...withDefault(integer(256, 1_000_000), 32_000),
    ...BACKEND,
    description:
      'Maximum output of one model call, reasoning included, where tokens or money are limited and Codex names no maximum. Each call reserves that much until its cost is known, so a large value stops runs further below a limit.',
  },
  LIMIT_WAIT_MINUTES: {
    ...withDefault(number(0, 10_000), 15),
    ...RUNNER,
    description:
      'How long a run waits at a limit of tokens or money for somebody to raise it, before it ends. RUN_TIMEOUT_MINUTES goes on meanwhile.',
  },
} as const satisfies Record<string, Setting>;

const isolation = {
  ISOLATION: {
    ...withDefault(oneOf(['auto', 'bubblewrap', 'codex-sandbox', 'none']), 'auto'),
    ...RUNNER,
    description:
      "What confines agents. bubblewrap: a jail around the whole Codex process. codex-sandbox: Codex's own sandbox around each of its commands (macOS). auto: the first of these two that works. none: agents can do whatever the runner can; never chosen automatically.",
  },
  JAIL_MAX_PROCESSES: {
    ...withDefault(integer(32, 1_000_000), 1_024),
    ...RUNNER,
    description: 'Maximum processes and threads of a run.',
  },
  JAIL_MAX_MEMORY_MB: {
    ...withDefault(integer(512, 10_000_000), 4_096),
    ...RUNNER,
    description: 'Maximum memory of a run.',
  },
  JAIL_MAX_CPU_MINUTES: {
    ...withDefault(number(0.01, 10_000), 60),
    ...RUNNER,
    description: 'Maximum processor time of a run.',
  },
  JAIL_MAX_DISK_MB: {
    ...withDefault(integer(64, 100_000_000), 10_240),
    ...RUNNER,
    description:
      "Maximum size of the session's repository, its home folders and Codex's memory of it together.",
  },
  JAIL_MAX_FILE_MB: {
    ...withDefault(integer(64, 1_000_000), 4_096),
    ...RUNNER,
    description: 'Maximum size of one file that a run writes.',
  },
  JAIL_MAX_FILES: {
    ...withDefault(integer(1_000, 1_000_000_000), 1_000_000),
    ...RUNNER,
    description: 'Maximum number of files and folders in the session.',
  },
  SANDBOX_TOOLS: {
    ...withDefault(absolutePaths('/opt/toolchain, /home/build/.pyenv'), []),
    ...RUNNER,
    description:
      "Folders of the runner's machine with further programs for agents and setup scripts. A jail shows them at the same place, read-only, and their `bin` folders, or they themselves, come first in PATH. The other kinds of isolation show the whole machine, with the PATH of its login shells; there this is only checked.",
  },
  EGRESS_TRUSTED_HOSTS: {
    ...withDefault(hosts(), []),
    ...RUNNER,
    description:
      "Hosts at private addresses that a session may add to its list of allowed hosts, such as a package registry. A host that leads to the runner's own machine needs its port.",
  },
} as const satisfies Record<string, Setting>;

const outbound = {
  HTTP_PROXY: {
    ...optional(proxyUrl(), 'http addresses are reached directly'),
    ...OUTBOUND,
    description: 'Proxy for plain http: of clones, of the model server, and of what agents reach.',
    sensitive: true,
  },
  HTTPS_PROXY: {
    ...optional(proxyUrl(), 'https addresses are reached directly'),
    ...OUTBOUND,
    description: 'Proxy for https: of clones, of the model server, and of what agents reach.',
    sensitive: true,
  },
  NO_PROXY: {
    ...withDefault(noProxyHosts(), []),
    ...OUTBOUND,
    description: "Hosts that are reached without a proxy. This machine's own loopback always is.",
  },
  NODE_EXTRA_CA_CERTS: {
    ...optional(absolutePath(), "the system's authorities alone"),
    ...EVERY_SERVICE,
    description:
      'File of further certificate authorities, in PEM: for clones, the model server, what agents and setup scripts reach, and the stores. With `docker compose` it is a path in the containers; mount the file there in a docker-compose.override.yml.',
  },
  WEBHOOK_TRUSTED_HOSTS: {
    ...withDefault(hosts(), []),
    ...BACKEND,
    description:
      'Hosts to which webhooks may be sent over plain http or at a private address, such as a collector of logs in your network.',
  },
} as const satisfies Record<string, Setting>;

const addresses = {
  PUBLIC_URL: {
    ...required(baseUrl('https://codex.example.org'), 'http://localhost:GATEWAY_PORT'),
    description: 'The address that people type into their browser.',
    readBy: ['gateway', 'backend'],
    takenBy: LAUNCHERS,
  },
  GATEWAY_PORT: {
    ...withDefault(integer(1, 65_535), 9100),
    ...LAUNCHER,
    description: 'Port of the gateway on this machine.',
  },
  BACKEND_PORT: {
    ...withDefault(integer(1, 65_535), 9101),
    ...LAUNCHER,
    description: 'Port of the first backend on this machine.',
  },
  RUNNER_PORT: {
    ...withDefault(integer(1, 65_535), 9102),
    ...LAUNCHER,
    description: 'Port of the first runner on this machine.',
  },
  POSTGRES_PORT: {
    ...withDefault(integer(1, 65_535), 9103),
    ...LAUNCHER,
    description: 'Port of the Postgres that comes with the product.',
  },
  REDIS_PORT: {
    ...withDefault(integer(1, 65_535), 9104),
    ...LAUNCHER,
    description: 'Port of the Redis that comes with the product.',
  },
  TRUST_PROXY: {
    ...withDefault(proxies(), []),
    ...GATEWAY,
    description:
      'Reverse proxies in front of the gateway whose X-Forwarded-For it believes: how many, or their addresses.',
  },
  RATE_LIMIT_PER_MINUTE: {
    ...withDefault(integer(1), 3_000),
    ...PORTS,
    description: 'Maximum API requests per minute of one address, and of one credential.',
  },
  MAX_STREAMS_PER_TENANT: {
    ...withDefault(integer(1, 1_000_000), 2_000),
    ...PORTS,
    description:
      'Maximum event streams that an organisation has open at one gateway, and at one backend. A browser has one for all of its tabs.',
  },
  SIGN_IN_LIMIT_PER_MINUTE: {
    ...withDefault(integer(1), 30),
    ...PORTS,
    description: 'Maximum sign-in attempts per minute of one address.',
  },
} as const satisfies Record<string, Setting>;

const signIn = {
  MAX_TENANTS_PER_OWNER: {
    ...withDefault(integer(1, 10_000), 20),
    ...BACKEND,
    description:
      'Maximum organisations that a person may own and still create another one. Deleted ones count until their data is removed.',
  },
  SIGN_UP: {
    ...withDefault(oneOf(['closed', 'open']), 'closed'),
    ...BACKEND,
    description:
      'Who can create an account. closed: only people whom somebody invites. open: anybody who can receive mail; each gets an organisation of their own. It needs SMTP_URL.',
  },
  SMTP_URL: {
    ...optional(smtpUrl(), 'no mail is sent, and admins make links that reset a password'),
    ...BACKEND,
    description:
      'The mail server for links that confirm an address or reset a password. smtps is TLS from the first byte, smtp takes STARTTLS where the server offers it, and insists on it when the address has a password.',
    sensitive: true,
  },
  MAIL_FROM: {
    ...optional(mailbox('saas-codex <no-reply@example.org>'), 'saas-codex at the host of PUBLIC_URL'),
    ...BACKEND,
    description: 'The sender of mails.',
  },
  OIDC_ISSUER: {
    ...optional(issuerUrl('https://login.example.org'), 'nobody signs in by OpenID Connect'),
    ...BACKEND,
    description:
      'The OpenID provider of your company. Register the path /api/auth/oidc/callback of PUBLIC_URL there as the redirect address. It needs OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, and OIDC_ALLOWED_DOMAINS or OIDC_ALLOWED_GROUPS.',
  },
  OIDC_CLIENT_ID: {
    ...optional(text(200), 'nobody signs in by OpenID Connect'),
    ...BACKEND,
    description: 'What the provider calls this installation.',
  },
  OIDC_CLIENT_SECRET: {
    ...optional(text(1_000), 'nobody signs in by OpenID Connect'),
    ...BACKEND,
    description: 'The secret that the provider gave this installation.',
    sensitive: true,
  },
  OIDC_NAME: {
    ...optional(text(50), 'the host of OIDC_ISSUER'),
    ...BACKEND,
    description: 'The name of the provider on the sign-in page.',
  },
  OIDC_ALLOWED_DOMAINS: {
    ...withDefault(mailDomains('example.org, example.com'), []),
    ...BACKEND,
    description:
      'Who may sign in by OpenID Connect: people with an address in one of these domains. Where OIDC_ALLOWED_GROUPS is set, too, both must fit.',
  },
  OIDC_ALLOWED_GROUPS: {
    ...withDefault(names('engineering, it'), []),
    ...BACKEND,
    description:
      "Who may sign in by OpenID Connect: people whom the provider's `groups` claim puts into one of these groups.",
  },
  OIDC_TENANT: {
    ...optional(text(100), 'nobody joins by signing in'),
    ...BACKEND,
    description:
      'Id of the organisation that new people join when they first sign in by OpenID Connect; `personal` is the one of the first start.',
  },
  OIDC_ROLE_MAP: {
    ...withDefault(groupRoles('platform=admin, audit=viewer'), []),
    ...BACKEND,
    description:
      'The role in OIDC_TENANT, by the groups. The first pair that fits counts; whom none fits is a member. It is set at every sign-in by OpenID Connect, except for owners. If blank, people join as members, and admins change that in Settings.',
  },
  GITHUB_SIGN_IN_CLIENT_ID: {
    ...optional(text(200), 'nobody signs in with GitHub'),
    ...BACKEND,
    description:
      'The client id of an OAuth app at GitHub. Register the path /api/auth/github/callback of PUBLIC_URL there as the callback address. It needs GITHUB_SIGN_IN_CLIENT_SECRET, and GITHUB_SIGN_IN_ALLOWED_GROUPS or GITHUB_SIGN_IN_ALLOWED_DOMAINS.',
  },
  GITHUB_SIGN_IN_CLIENT_SECRET: {
    ...optional(text(1_000), 'nobody signs in with GitHub'),
    ...BACKEND,
    description: 'The client secret of the OAuth app.',
    sensitive: true,
  },
  GITHUB_SIGN_IN_URL: {
    ...withDefault(issuerUrl('https://github.example.org'), 'https://github.com'),
    ...BACKEND,
    description: 'The address of GitHub, if it is an Enterprise Server or a company at ghe.com.',
  },
  GITHUB_SIGN_IN_ALLOWED_DOMAINS: {
    ...withDefault(mailDomains('example.org, example.com'), []),
    ...BACKEND,
    description:
      'Who may sign in with GitHub: people whose primary address there is verified and in one of these domains. Where GITHUB_SIGN_IN_ALLOWED_GROUPS is set, too, both must fit.',
  },
  GITHUB_SIGN_IN_ALLOWED_GROUPS: {
    ...withDefault(names('acme, acme/platform'), []),
    ...BACKEND,
    description: 'Who may sign in with GitHub: members of these organisations, or of their teams.',
  },
  GITHUB_SIGN_IN_TENANT: {
    ...optional(text(100), 'nobody joins by signing in'),
    ...BACKEND,
    description:
      'Id of the organisation that new people join when they first sign in with GitHub; `personal` is the one of the first start.',
  },
  GITHUB_SIGN_IN_ROLE_MAP: {
    ...withDefault(groupRoles('acme/platform=admin, acme=viewer'), []),
    ...BACKEND,
    description:
      'The role in GITHUB_SIGN_IN_TENANT, by the organisations and teams, as OIDC_ROLE_MAP does it by the groups.',
  },
} as const satisfies Record<string, Setting>;

const data = {
  DATA_DIR: {
    ...withDefault(path(), '.data'),
    description:
      "Folder for everything that `npm start` keeps: databases, workspaces, secrets, logs, the owner's API token. Relative paths start at the project's folder.",
    readBy: [],
    takenBy: NPM_START,
  },
  WORKSPACES_ROOT: {
    ...required(absolutePath(), 'DATA_DIR/workspaces'),
    description:
      "Folder of the clones and of Codex's memory, the same for backends and runners. It must not be below the system's temporary folder.",
    readBy: ['backend', 'runner'],
    takenBy: NPM_START,
  },
  DATABASE_URL: {
    ...required(postgresUrl(), 'the Postgres of `npm start`'),
    description: 'A Postgres of your own, instead of the one that `npm start` brings.',
    readBy: ['backend'],
    takenBy: NPM_START,
    sensitive: true,
  },
  POSTGRES_VERSION: {
    // Older installations have no such line in their .env, and their data in 17.
    ...withDefault(oneOf(['16', '17']), '17'),
    description:
      "Major version of compose's Postgres. `npm run env` chooses 16 for a new installation. No version reads the files of another, so keep it, or move the data with pg_dump and pg_restore.",
    readBy: [],
    takenBy: COMPOSE,
  },
  REDIS_MAX_MEMORY_MB: {
    ...optional(integer(64, 100_000_000), "half of the machine's memory"),
    ...LAUNCHER,
    description:
      'Memory limit of the Redis that comes with the product. When it is reached, Redis deletes nothing: it refuses writes, and runs wait or end as interrupted. When the data at a start need more than three quarters of it, there is no limit, and a warning says so.',
  },
  REDIS_URL: {
    ...required(redisUrl(), 'the Redis of `npm start`'),
    description:
      'A Redis of your own, instead of the one that `npm start` brings. Give it a password: backends know gateways by it.',
    readBy: ['gateway', 'backend', 'runner'],
    takenBy: NPM_START,
    sensitive: true,
  },
} as const satisfies Record<string, Setting>;

const images = {
  MAX_IMAGE_MB: {
    ...withDefault(number(0.01, 64), 10),
    ...PORTS,
    description: 'Maximum size of one image of a prompt.',
  },
  MAX_IMAGES_PER_PROMPT: {
    ...withDefault(integer(0, MOST_IMAGES_PER_PROMPT), 10),
    ...BACKEND,
    description: 'Maximum number of images of one prompt. 0: prompts have no images.',
  },
} as const satisfies Record<string, Setting>;

const retention = {
  RETENTION_IDLE_DAYS: {
    ...withDefault(integer(0, 36_500), 30),
    ...BACKEND,
    description: 'Archive a session after this many days without activity.',
  },
  RETENTION_WORKSPACE_DAYS: {
    ...withDefault(integer(0, 36_500), 7),
    ...BACKEND,
    description: "Delete an archived session's files after this many days. Its diffs go with them.",
  },
  RETENTION_MIRROR_DAYS: {
    ...withDefault(integer(0, 36_500), 30),
    ...BACKEND,
    description:
      'Delete the shared copy of a repository after this many days in which no session has used it.',
  },
  AUDIT_RETENTION_DAYS: {
    ...withDefault(integer(0, 36_500), 365),
    ...BACKEND,
    description: 'Delete entries of the audit log after this many days, but never before 30 days.',
  },
  DISK_QUOTA_GB_PER_TENANT: {
    ...optional(positiveNumber(1_000_000), 'no limit'),
    ...BACKEND,
    description:
      "Maximum disk space of an organisation's sessions. Above it the organisation cannot create sessions.",
  },
} as const satisfies Record<string, Setting>;

const observability = {
  LOG_LEVEL: {
    ...withDefault(oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']), 'info'),
    ...EVERY_SERVICE,
    description: 'The least severe level that is logged.',
  },
  METRICS_TOKEN: {
    ...optional(secret(), 'there is no /metrics'),
    ...EVERY_SERVICE,
    description: 'Bearer token with which Prometheus reads GET /metrics of each service.',
    sensitive: true,
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    ...optional(httpUrl('http://127.0.0.1:4318'), 'nothing is traced'),
    ...EVERY_SERVICE,
    description: 'An OpenTelemetry collector that accepts OTLP over HTTP.',
  },
} as const satisfies Record<string, Setting>;

const secrets = {
  POSTGRES_PASSWORD: {
    ...optional(text(), GENERATED),
    description: "Password of compose's Postgres.",
    readBy: [],
    takenBy: COMPOSE,
    sensitive: true,
  },
  REDIS_PASSWORD: {
    ...optional(text(), GENERATED),
    description: "Password of compose's Redis.",
    readBy: [],
    takenBy: COMPOSE,
    sensitive: true,
  },
  SERVICE_TOKEN: {
    ...required(secret(), GENERATED),
    description: 'Bearer token with which backends call runners, and runners call backends.',
    readBy: ['backend', 'runner'],
    takenBy: COMPOSE,
    sensitive: true,
  },
  AUTH_SECRET: {
    ...required(secret(), GENERATED),
    description:
      "Signs the cookies of signed-in people, and encrypts the secrets of their authenticator apps. Changing it signs everyone out, and makes those apps' codes wrong: people then sign in with a recovery code.",
    readBy: ['backend'],
    takenBy: COMPOSE,
    sensitive: true,
  },
  SECRETS_KEY: {
    ...optional(masterKeys(), 'the key in SECRETS_KEY_FILE'),
    description:
      'Master key of the secrets that organisations save. Several are separated by commas: the first one encrypts, the others only read. Keep a copy: without it the secrets are lost. Its change: docs/operations.md.',
    ...BACKEND,
    sensitive: true,
  },
} as const satisfies Record<string, Setting>;

/** Launchers, images and manifests set these; they matter to those who start a service by hand. */
const wiring = {
  HOST: {
    ...withDefault(text(), '127.0.0.1'),
    description: 'The address that the service listens on.',
    readBy: SERVICES,
    takenBy: [],
  },
  PORT: {
    ...required(integer(0, 65_535), 'a launcher or the image sets it'),
    description: 'The port that the service listens on; 0 is any free one.',
    readBy: SERVICES,
    takenBy: [],
  },
  BACKEND_URL: {
    ...required(replicaUrls('http://backend:8080'), 'a launcher sets it'),
    description:
      'Every backend, or one name that resolves to all of them. Runners reserve the cost of each model call there.',
    readBy: ['gateway', 'runner'],
    takenBy: [],
  },
  RUNNER_URL: {
    ...required(replicaUrls('http://runner:8081'), 'a launcher sets it'),
    description: 'Every runner, or one name that resolves to all of them. Each accepts any run.',
    readBy: ['backend'],
    takenBy: [],
  },
  WEB_ROOT: {
    ...optional(absolutePath(), 'the gateway serves the API alone'),
    description: 'Folder of the built web app.',
    readBy: ['gateway'],
    takenBy: [],
  },
  SECRETS_KEY_FILE: {
    ...required(absolutePath(), 'a launcher or the image sets it'),
    description:
      'The master keys of saved secrets, one a line, if SECRETS_KEY is blank. The first start makes the file, with mode 0600.',
    readBy: ['backend'],
    takenBy: [],
  },
  OWNER_TOKEN_FILE: {
    ...required(absolutePath(), 'a launcher or the image sets it'),
    description: "The first start writes the owner's API token to this file, with mode 0600.",
    readBy: ['backend'],
    takenBy: [],
  },
} as const satisfies Record<string, Setting>;

export interface SettingGroup {
  title: string;
  note?: string;
  settings: Record<string, Setting>;
}

export const SETTING_GROUPS: readonly SettingGroup[] = [
  {
    title: 'Model',
    note: 'Without CODEX_API_KEY and CODEX_BASE_URL a scripted demo model answers. It is not an AI. Admins can give their organisation a model server and key of its own, in its settings.',
    settings: model,
  },
  { title: 'Repositories', settings: repositories },
  { title: 'Runs', settings: runs },
  {
    title: 'Images of prompts',
    note: 'PNG, JPEG, WebP and GIF. Images that no prompt has used are deleted after a day, all others with their session.',
    settings: images,
  },
  {
    title: 'Limits of tokens and money',
    note: 'Admins change the limits of their organisation in its settings, and in the same place the prices that money is counted with.',
    settings: spending,
  },
  {
    title: 'Isolation of agents',
    note: 'A jail limits a run as a whole and each of its processes. A run that exceeds a limit ends, and its error names the limit. What an agent may reach on the network is a setting of its session; private addresses are always refused, except those of EGRESS_TRUSTED_HOSTS.',
    settings: isolation,
  },
  {
    title: 'Proxies and certificates',
    note: 'The usual variables. Names that this machine cannot resolve are left to the proxy, so it must not lead to hosts that agents may not reach. ssh and SOCKS (ALL_PROXY) are not supported.',
    settings: outbound,
  },
  {
    title: 'Addresses',
    note: 'With `npm start -- --runners 3 --backends 2`, further ones listen on RUNNER_PORT + 10, RUNNER_PORT + 20 and BACKEND_PORT + 10.',
    settings: addresses,
  },
  {
    title: 'Sign-in',
    note: 'The link that the first start prints needs none of these.',
    settings: signIn,
  },
  { title: 'Data', settings: data },
  {
    title: 'Retention',
    note: '0 days means forever. The files of archived sessions are deleted; their conversations stay.',
    settings: retention,
  },
  { title: 'Observability', settings: observability },
  {
    title: 'Secrets',
    note: '`npm run env` fills them in for `docker compose`. `npm start` makes its own in DATA_DIR.',
    settings: secrets,
  },
  {
    title: 'Set by launchers and images',
    note: 'You need these only to start a service by hand.',
    settings: wiring,
  },
];

export const SETTINGS = {
  ...model,
  ...repositories,
  ...runs,
  ...images,
  ...spending,
  ...isolation,
  ...outbound,
  ...addresses,
  ...signIn,
  ...data,
  ...retention,
  ...observability,
  ...secrets,
  ...wiring,
};
