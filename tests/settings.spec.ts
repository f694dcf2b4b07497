/**
 * Settings are declared once, in libs/contracts/src/settings.ts. These specs check that every service and every
 * launcher follows the declaration, and that docs and examples agree with it.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { SENSITIVE } from '@saas-codex/contracts/setting-readers';
import { type Launcher, SERVICES, type Setting, SETTINGS } from '@saas-codex/contracts/settings';
import { ConfigError, readConfig } from '@saas-codex/service-kit/config';
import { createLogger } from '@saas-codex/service-kit/logging';
import { Config as BackendConfig } from '../apps/backend/src/config.js';
import { Config as GatewayConfig } from '../apps/gateway/src/config.js';
import { Config as RunnerConfig } from '../apps/runner/src/config.js';
import { generatedFiles } from '../scripts/lib/generated-files.mjs';
import { places, readArguments } from '../scripts/lib/replicas.mjs';
import { newEnvironment } from '../scripts/lib/secrets.mjs';
import { serviceDefinitions } from '../scripts/lib/services.mjs';
import { readSettings } from '../scripts/lib/settings.mjs';

const ROOT = resolve(import.meta.dirname, '..');
const read = (file: string) => readFileSync(resolve(ROOT, file), 'utf8');

const CONFIGS = { gateway: GatewayConfig, backend: BackendConfig, runner: RunnerConfig };
const DECLARED: [string, Setting][] = Object.entries(SETTINGS);
const takenBy = (launcher: Launcher) =>
  DECLARED.filter(([, setting]) => setting.takenBy.includes(launcher)).map(([name]) => name);

/** For each type of setting, recognised by its words: values that it accepts, and values that it refuses and why. */
interface Examples {
  valid: string[];
  wrong: [value: string, problem: string][];
}
const EXAMPLES: [words: RegExp, examples: (...groups: string[]) => Examples][] = [
  [
    /^an integer from (\d+) to (\d+)$/,
    (min, max) => ({
      valid: [min, max],
      wrong: [
        [`${Number(min) - 1}`, 'is too small'],
        [`${Number(max) + 1}`, 'is too large'],
        [`${min}.5`, 'is not an integer'],
        ['nine', 'is not a number'],
      ],
    }),
  ],
  [
    /^an integer of at least (\d+)$/,
    (min) => ({ valid: [min, '1000000000'], wrong: [[`${Number(min) - 1}`, 'is too small']] }),
  ],
  [
    /^a number (?:from ([\d.]+) to|above 0 and up to) (\d+)$/,
    (min = '0.5', max) => ({
      valid: [min, max],
      wrong: [
        ['-1', 'is too small'],
        [`${Number(max) + 1}`, 'is too large'],
        ['nine', 'is not a number'],
      ],
    }),
  ],
  [
    /^the name of a branch with .*such as (\S+)$/,
    (example) => ({
      valid: [example, '{id}'],
      wrong: [
        ['codex/{title}', 'is not valid'],
        ['-x/{id}', 'is not valid'],
        ['a..{id}', 'is not valid'],
      ],
    }),
  ],
  [/^any text$/, () => ({ valid: ['sk-any'], wrong: [] })],
  [/^a path$/, () => ({ valid: ['some/folder'], wrong: [] })],
  [
    /^a text of at most (\d+) characters$/,
    (max) => ({ valid: ['x'.repeat(Number(max))], wrong: [['x'.repeat(Number(max) + 1), 'is too long']] }),
  ],
  [
    /^one of (.*)$/,
    (values) => ({ valid: values.split(', '), wrong: [['another', 'is not a known value']] }),
  ],
  [
    /^a secret of at least (\d+) characters$/,
    (min) => ({ valid: ['s'.repeat(Number(min))], wrong: [['s'.repeat(Number(min) - 1), 'is too short']] }),
  ],
  [
    /^one or more secrets of at least (\d+) characters, separated by commas$/,
    (min) => {
      const [key, short] = ['s'.repeat(Number(min)), 's'.repeat(Number(min) - 1)];
      return { valid: [key, `${key}, ${key}`], wrong: [[`${key},${short}`, 'is too short']] };
    },
  ],
  [
    /^an? (?:http|postgres|redis|smtp):\/\/ .*such as (\S+)$/,
    (example) => ({
      valid: [example],
      wrong: [
        ['ftp://models', 'is not valid'],
        ['models', 'is not valid'],
      ],
    }),
  ],
  [
    /^one or more http:\/\/ .*such as (\S+)$/,
    (example) => ({
      valid: [example, `${example}, ${example}`],
      wrong: [[`${example},ftp://other`, 'is not valid']],
    }),
  ],
  [
    /^an address of mail, such as (.*)$/,
    (example) => ({
      valid: [example, 'no-reply@example.org'],
      wrong: [
        ['saas-codex', 'is not valid'],
        ['a@b.example\r\nBcc: c@d.example', 'is not valid'],
      ],
    }),
  ],
  [
    /^an https:\/\/ address .*such as (\S+)$/,
    (example) => ({
      valid: [example, 'http://127.0.0.1:9000'],
      wrong: [
        ['http://login.example.org', 'is not valid'],
        ['login.example.org', 'is not valid'],
        ['ftp://login.example.org', 'is not valid'],
      ],
    }),
  ],
  [
    /^domains separated by commas, such as (.*)$/,
    (example) => ({ valid: [example, `${example},`], wrong: [[`${example}, @example.net`, 'is not valid']] }),
  ],
  [/^names separated by commas, such as (.*)$/, (example) => ({ valid: [example, 'one'], wrong: [] })],
  [
    /^group=role pairs separated by commas, such as (.*), with the roles/,
    (example) => ({
      valid: [example, 'a=b=viewer'],
      wrong: [
        ['platform=owner', 'is not valid'],
        ['=viewer', 'is not valid'],
      ],
    }),
  ],
  [/^an absolute path$/, () => ({ valid: ['/srv/folder'], wrong: [['srv/folder', 'is not valid']] })],
  [
    /^absolute paths separated by commas, such as (.*)$/,
    (example) => ({ valid: [example, `${example},`], wrong: [[`${example}, opt/tools`, 'is not valid']] }),
  ],
  [
    /^limits separated by commas, such as (.*)$/,
    (example) => ({
      valid: [example, 'run.tokens=1, '],
      wrong: [
        [`${example}, run.usd_per_day=5`, 'is not valid'],
        ['tenant.usd_per_month=much', 'is not valid'],
      ],
    }),
  ],
  [
    /^hosts separated by commas, such as (.*)$/,
    (example) => ({ valid: [example, `${example},`], wrong: [['https://git.example.org', 'is not valid']] }),
  ],
  [
    /^hosts separated by commas, each .*such as (.*)$/,
    (example) => ({
      valid: [example, '*', '*.example.org, [fd00::1], host:8080'],
      wrong: [['https://git.example.org', 'is not valid']],
    }),
  ],
  [
    /^a number of proxies up to 9/,
    () => ({
      valid: ['1', 'loopback, 10.0.0.0/8', '192.0.2.1, 2001:db8::/32, ::1'],
      wrong: [
        ['proxy.example.org', 'is not valid'],
        ['10.0.0.0/8/8', 'is not valid'],
        ['10', 'is not valid'],
      ],
    }),
  ],
];

function examplesOf({ allowed }: Setting): Examples {
  for (const [words, examples] of EXAMPLES) {
    const groups = words.exec(allowed);
    if (groups) return examples(...groups.slice(1));
  }
  throw new Error(`there are no examples for "${allowed}"`);
}

/** An environment in which every setting has its first valid example. */
const VALID = Object.fromEntries(
  DECLARED.map(([name, setting]) => [name, examplesOf(setting).valid[0] ?? '']),
);
/** Different ports, since five equal ones are an error. */
const PORTS = {
  GATEWAY_PORT: '9100',
  BACKEND_PORT: '9101',
  RUNNER_PORT: '9102',
  POSTGRES_PORT: '9103',
  REDIS_PORT: '9104',
};

function mistakesOf(work: () => unknown): string[] {
  try {
    work();
    return [];
  } catch (error) {
    return (error as Error).message.split('\n');
  }
}

test.each(DECLARED)(
  '%s: every reader and `npm start` accept its range, and reject other values with one sentence',
  (name, setting) => {
    expect(setting.description).toMatch(/^[A-Z].*\.$/);
    expect([...setting.readBy, ...setting.takenBy]).not.toEqual([]);
    const readers = SERVICES.filter((service) => setting.readBy.includes(service));
    const isTaken = setting.takenBy.includes('npm start');
    const mistakes = (value: string) => [
      ...readers.map((service) =>
        mistakesOf(() => readConfig(CONFIGS[service], { ...VALID, [name]: value })),
      ),
      ...(isTaken ? [mistakesOf(() => readSettings('/nonexistent', { ...PORTS, [name]: value }))] : []),
    ];
    const { valid, wrong } = examplesOf(setting);
    for (const value of [...valid, setting.default ?? '']) {
      if (value) expect(mistakes(value).flat()).toEqual([]);
    }
    for (const [value, problem] of wrong) {
      const sentence = `${name} ${problem}: it must be ${setting.allowed}.`;
      // `npm start` makes a relative folder absolute instead.
      const refusals = name === 'WORKSPACES_ROOT' ? [...readers.map(() => [sentence]), []] : undefined;
      expect(mistakes(value)).toEqual(refusals ?? mistakes(value).map(() => [sentence]));
    }
  },
);

test.each(SERVICES)('the %s names every setting that it cannot start without', (service) => {
  const missing = DECLARED.filter(([, { required, readBy }]) => required && readBy.includes(service));
  const mistakes = mistakesOf(() => readConfig(CONFIGS[service], {}));
  expect(mistakes.toSorted()).toEqual(missing.map(([name]) => `${name} is not set.`).toSorted());
  expect(() => readConfig(CONFIGS[service], {})).toThrow(ConfigError);
});

test('different paths to one folder become the same path', () => {
  const { WORKSPACES_ROOT } = readConfig(RunnerConfig, { ...VALID, WORKSPACES_ROOT: '/srv//a/../b/./c/' });
  expect(WORKSPACES_ROOT).toBe('/srv/b/c');
});

test('`npm start` passes each service exactly the settings that it reads', () => {
  const settings = readSettings('/nonexistent', { ...VALID, ...PORTS });
  const { runners, backends, gateway } = serviceDefinitions({
    root: ROOT,
    settings,
    secrets: {
      postgresPassword: 'p',
      redisPassword: 'r',
      serviceToken: 's'.repeat(32),
      authSecret: 'a'.repeat(32),
    },
    databaseUrl: 'postgres://127.0.0.1/x',
    redisUrl: 'redis://127.0.0.1',
    publicUrl: 'http://localhost:9100',
    places: places(settings, { runners: 3, backends: 2 }),
  });
  expect(backends[1]?.env['RUNNER_URL']).toBe(
    'http://127.0.0.1:9102,http://127.0.0.1:9112,http://127.0.0.1:9122',
  );
  expect(gateway.env['BACKEND_URL']).toBe('http://127.0.0.1:9101,http://127.0.0.1:9111');
  const surroundings = ['PATH', 'LANG', 'TZ', 'NODE_ENV', 'SSL_CERT_FILE'];
  const environments = {
    gateway: gateway.env,
    backend: backends[0]?.env ?? {},
    runner: runners[0]?.env ?? {},
  };
  for (const service of SERVICES) {
    const passed = Object.keys(environments[service]).filter((name) => !surroundings.includes(name));
    const declared = DECLARED.filter(([, { readBy }]) => readBy.includes(service)).map(([name]) => name);
    expect([service, passed.toSorted()]).toEqual([service, declared.toSorted()]);
    expect(() => readConfig(CONFIGS[service], environments[service])).not.toThrow();
  }
  expect(
    Object.keys(environments).filter(
      (service) => 'CODEX_API_KEY' in environments[service as keyof typeof environments],
    ),
  ).toEqual(['runner']);
});

test('replicas have their own ports, and wrong options for them are explained', () => {
  const settings = readSettings('/nonexistent', {});
  const many = places(settings, { runners: 20, backends: 20 });
  const all = [many.gateway, ...many.backends, ...many.runners];
  expect(new Set(all.map(({ port }) => port)).size).toBe(41);
  expect(all.map(({ name, port }) => `${name} ${port}`)).toEqual(
    expect.arrayContaining(['backend 9101', 'backend-2 9111', 'runner 9102', 'runner-3 9122']),
  );
  const close = readSettings('/nonexistent', { BACKEND_PORT: '9094' });
  expect(() => places(close, { runners: 1, backends: 2 })).toThrow(
    'backend-2 and REDIS_PORT would both have port 9104: set BACKEND_PORT to another one.',
  );
  expect(readArguments(['--runners', '3', '--dev'])).toEqual({ development: true, runners: 3, backends: 1 });
  expect(() => readArguments(['--backends', '0'])).toThrow('--backends: must be a number from 1 to 20.');
  expect(() => readArguments(['--runner', '2'])).toThrow("'--runner'");
  expect(mistakesOf(() => readSettings('/nonexistent', { RUNNER_PORT: '9101' }))).toEqual([
    'GATEWAY_PORT, BACKEND_PORT, RUNNER_PORT, POSTGRES_PORT, REDIS_PORT must differ.',
  ]);
});

describe('the documentation of settings', () => {
  const example = parseEnv(read('.env.example'));

  test('generated files are up to date; `npm run generate` writes them', async () => {
    for (const [path, text] of Object.entries(await generatedFiles())) {
      expect([path, read(path)]).toEqual([path, text]);
    }
  });

  test('.env.example has every setting of `npm start` and compose, with its default', () => {
    const known = new Set([...takenBy('npm start'), ...takenBy('docker compose')]);
    expect(Object.keys(example).toSorted()).toEqual([...known].toSorted());
    expect(readSettings('/nonexistent', example)).toEqual(readSettings('/nonexistent', {}));
  });

  test('`npm run env` fills in the secrets of compose and the version of a new Postgres, and nothing else', () => {
    const filled = parseEnv(newEnvironment(read('.env.example')));
    const changed = Object.keys(filled).filter((name) => filled[name] !== example[name]);
    const forCompose = takenBy('docker compose').filter((name) => !takenBy('npm start').includes(name));
    // Where it is blank, `npm start` keeps a file in its place.
    expect(changed.toSorted()).toEqual([...forCompose, 'SECRETS_KEY'].toSorted());
    expect([example['POSTGRES_VERSION'], filled['POSTGRES_VERSION']]).toEqual(['17', '16']);
    const secrets = changed.filter((name) => name !== 'POSTGRES_VERSION');
    expect(new Set(secrets.map((name) => filled[name])).size).toBe(secrets.length);
    for (const name of secrets) expect(filled[name]).toMatch(/^[0-9a-f]{64}$/);
    expect(SENSITIVE).toEqual(expect.arrayContaining(secrets));
  });

  test('the table of the README has the declared defaults', () => {
    const rows = [...read('README.md').matchAll(/^\| `([A-Z_]+)` +\| +(.*?) +\|/gm)];
    expect(rows.length).toBeGreaterThan(5);
    for (const [, name = '', shown = ''] of rows) {
      const setting = DECLARED.find(([declared]) => declared === name)?.[1];
      const expected = setting?.default === undefined ? setting?.unset : setting.default || 'none';
      expect([name, shown.replaceAll('`', '')]).toEqual([name, expected?.replaceAll('`', '')]);
    }
  });
});

test('a log line never contains a sensitive setting', () => {
  const lines: string[] = [];
  const logger = createLogger('spec', 'info', { write: (line) => void lines.push(line) });
  const secrets = Object.fromEntries(SENSITIVE.map((name) => [name, 'a-secret-value']));
  logger.info({ ...secrets, LOG_LEVEL: 'info' }, 'settings');
  logger.info({ config: { ...secrets, LOG_LEVEL: 'info' } }, 'settings');
  expect(lines).toHaveLength(2);
  for (const line of lines) {
    expect(line).not.toContain('a-secret-value');
    expect(line).toContain('"LOG_LEVEL":"info"');
  }
});
