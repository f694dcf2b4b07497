import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Config } from '../src/config.js';
import { chooseJail } from '../src/sandbox/jail/choose-jail.js';

describe('the choice of the isolation', () => {
  const path = process.env['PATH'];
  let root: string;

  beforeAll(async () => {
    root = await mkdtemp(join(homedir(), '.saas-codex-test-'));
    // A PATH without bubblewrap.
    await symlink('/usr/bin/true', join(root, 'true'));
  });
  afterEach(() => {
    process.env['PATH'] = path;
  });
  afterAll(() => rm(root, { recursive: true }));

  async function choose(isolation: string, workspaces = root, tools = '') {
    const config = Config.parse({
      PORT: 0,
      REDIS_URL: 'redis://127.0.0.1',
      SERVICE_TOKEN: 's'.repeat(32),
      BACKEND_URL: 'http://127.0.0.1',
      WORKSPACES_ROOT: workspaces,
      ISOLATION: isolation,
      ...(tools && { SANDBOX_TOOLS: tools }),
    });
    const jail = await chooseJail(config);
    if ('onApplicationShutdown' in jail)
      await (jail as { onApplicationShutdown(): Promise<void> }).onApplicationShutdown();
    return { isolation: jail.isolation, reason: jail.reason };
  }

  it('takes the strongest that works', async () => {
    expect(await choose('auto')).toMatchObject({ isolation: 'bubblewrap' });
  });

  it('falls back to Codex’s own sandbox and says why', async () => {
    process.env['PATH'] = root;
    expect(await choose('auto')).toEqual({
      isolation: 'codex-sandbox',
      reason: 'bubblewrap (bwrap) is not installed.',
    });
  });

  it('refuses to start without the requested isolation', async () => {
    process.env['PATH'] = root;
    await expect(choose('bubblewrap')).rejects.toThrow(
      /not installed\. Install bubblewrap .* or set ISOLATION=none/,
    );
  });

  it('refuses workspaces that would be visible in every jail', async () => {
    await expect(choose('bubblewrap', '/usr/workspaces')).rejects.toThrow(/must not be below \/usr/);
  });

  it.each([
    ['a folder that does not exist', '/opt/no-such-folder', 'does not exist'],
    ['a file', '/usr/bin/true', 'does not exist as a folder'],
    ['sockets and devices', '/dev', 'is in /dev'],
    ['a home folder', homedir(), /is a whole home folder|contains this platform|WORKSPACES_ROOT/],
    ['everything', '/', 'contains this platform'],
  ])('refuses tools that are %s', async (_, folder, reason) => {
    await expect(choose('none', root, folder)).rejects.toThrow(`SANDBOX_TOOLS names ${folder}, which `);
    await expect(choose('none', root, folder)).rejects.toThrow(reason);
  });

  it('refuses tools that share files with workspaces, by a link as well', async () => {
    await symlink(root, join(root, 'link'));
    await expect(choose('none', root, `/usr, ${join(root, 'link')}`)).rejects.toThrow('WORKSPACES_ROOT');
  });

  it('takes `none` only on request', async () => {
    expect(await choose('none')).toEqual({ isolation: 'none', reason: 'ISOLATION=none asks for it.' });
  });
});
