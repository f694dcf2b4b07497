import { NOWHERE } from '@saas-codex/testing/backend/operations';
import type { System } from '@saas-codex/testing/system';
import { waitFor } from '@saas-codex/testing/wait-for';
import type { Diff } from '@saas-codex/contracts/diffs';
import type { Session } from '@saas-codex/contracts/sessions';
import type { Page } from 'playwright-core';

/** A state of the page that a person can bring about, and how. */
export interface Screen {
  readonly name: string;
  readonly open: (page: Page) => Promise<unknown>;
}

/**
 * Every screen of a signed-in person. The last one leaves a model server that does not answer.
 * @param repository the address of one that can be cloned
 */
export async function everyScreen(system: System, repository: string): Promise<Screen[]> {
  const start = async (body: object, until: (session: Session) => boolean, prompt?: string) => {
    const created = await post<Session>(system, '/api/sessions', body);
    const path = `/sessions/${created.session_id}`;
    if (prompt) await post(system, `/api${path}/prompt`, { prompt });
    await waitFor(async () => until((await (await system.api(`/api${path}`)).json()) as Session));
    return path;
  };
  await post(system, '/api/secrets', { name: 'NPM_TOKEN', value: 'npm_0123456789abcdef' });
  const forGit = { owner: 'organisation', host: 'github.com', path: 'acme', token: 'ghp_0123456789abcdef' };
  await post(system, '/api/credentials', forGit);
  await post(system, '/api/credentials', { kind: 'ssh_key', host: 'git.example.org' });
  await post(system, '/api/repository-rules', {
    host: 'github.com',
    path: 'acme',
    branch_pattern: 'codex/{person}/{title}-{id}',
  });
  await post(system, '/api/forges', {
    kind: 'github',
    url: 'https://10.0.0.1',
    token: 'ghp_0123456789abcdef',
  });
  const failing = { script: 'echo "a line of output"; exit 3' };
  const endless = { script: 'echo started; until [ -e go-on ]; do sleep 0.1; done' };
  const [worked, shipped, settingUp, setupFailed, failed, archived, asking] = await Promise.all([
    start(
      { repo_url: repository },
      ({ diff }) => diff !== null && diff.files > 0,
      'Note what the beans need',
    ),
    start(
      { repo_url: repository, title: 'A pushed session' },
      ({ diff }) => diff !== null && diff.files > 0,
      'Note what the leeks need',
    ),
    start({ setup: endless }, ({ setup_status: status }) => status === 'running', 'Wait for the setup'),
    start({ setup: failing }, ({ setup_status: status }) => status === 'failed', 'Wait for the person'),
    start({ repo_url: `${repository}-that-is-missing` }, ({ status }) => status === 'failed'),
    start({ title: 'An archived session' }, ({ status }) => status === 'ready'),
    start(
      { repo_url: repository, approval_mode: 'ask' },
      ({ needs_you: needsYou }) => needsYou?.reason === 'approval_pending',
      'Note what the peas need',
    ),
  ]);
  await system.api(`/api${archived}`, { method: 'PATCH', body: JSON.stringify({ status: 'archived' }) });

  await openPullRequest(system, shipped, repository);

  const { to: tree, files } = (await (await system.api(`/api${worked}/diff`)).json()) as Diff;
  const remark = {
    path: files[0]?.path,
    tree,
    side: 'new',
    first_line: 1,
    last_line: 1,
    text: 'Say which beans.',
  };
  await post(system, `/api${worked}/comments`, remark);

  // The app is loaded once per page: a link that is followed within it costs a tenth of a load.
  const at = (path: string, shown: string | RegExp) => async (page: Page) => {
    if (page.url().startsWith(system.url)) {
      await closeEverything(page);
      await page.evaluate(`history.pushState({}, '', '${path}')`);
    } else await page.goto(`${system.url}${path}`);
    await page.getByText(shown).locator('visible=true').first().waitFor();
  };
  const button = (page: Page, name: string | RegExp) => {
    const named = { name, exact: true };
    return page.getByRole('button', named).or(page.getByRole('radio', named)).first();
  };
  const then = (first: Screen['open'], press: string | RegExp, shown: string | RegExp): Screen['open'] => {
    return async (page) => {
      await first(page);
      // What folds stays open when the page is left and shown again.
      const opener = button(page, press);
      if ((await opener.getAttribute('aria-expanded')) !== 'true') await opener.click();
      await page.getByText(shown).locator('visible=true').first().waitFor();
    };
  };
  const home = at('/', 'What should Codex work on?');
  const idle = at(`${worked}?panel=closed`, /^Worked for/);
  const work = then(idle, /^Worked for/, /^Listed/);
  const secrets = at('/settings/secrets', 'NPM_TOKEN');
  const gitCredentials = at('/settings/git-credentials', 'github.com/acme');
  const shipping = at('/settings/shipping', 'github.com/acme');
  const forges = at('/settings/forges', '10.0.0.1');
  const settings = at('/settings', 'Where you are signed in');
  const usage = at('/settings/usage', 'By repository');
  const models = at('/settings/models', 'gpt-6.1-sol');
  const changes = at(`${worked}?panel=changes`, 'The prompt was:');
  const pullRequest = then(
    at(`${shipped}?panel=closed`, /^Worked for/),
    'Pull request could not be opened',
    'has an address such as acme/app',
  );
  const fromMenu = (first: Screen['open'], menu: string, entry: string, shown: string): Screen['open'] => {
    return async (page) => {
      await first(page);
      await button(page, menu).click();
      await page.getByRole('menuitem', { name: entry }).click();
      await page.getByRole('dialog', { name: shown }).waitFor();
    };
  };
  const dialog = (entry: string, shown: string) => fromMenu(idle, 'Session actions', entry, shown);

  return [
    { name: 'home', open: home },
    { name: 'home-repository', open: then(home, /^Repository/, 'Start with an empty repository') },
    { name: 'home-network', open: then(home, /^Environment/, 'Allow list') },
    {
      name: 'home-setup',
      open: then(then(home, /^Environment/, 'Allow list'), 'Setup', 'Network while it runs'),
    },
    {
      name: 'home-secrets',
      open: then(then(home, /^Environment/, 'Allow list'), 'Secrets', 'NPM_TOKEN'),
    },
    { name: 'session', open: idle },
    { name: 'work', open: then(work, /^Listed/, 'README.md') },
    { name: 'changes', open: changes },
    {
      name: 'comments',
      open: then(at(`${worked}?panel=changes`, 'Say which beans.'), '1 comment', 'Line 1'),
    },
    { name: 'files', open: at(`${worked}?panel=files&file=README.md`, 'Plants and when to water them.') },
    { name: 'apply-patch', open: fromMenu(changes, 'Change the files', 'Apply patch…', 'Apply a patch') },
    { name: 'edit-file', open: fromMenu(changes, 'More for this file', 'Edit…', 'Edit file') },
    {
      name: 'ship',
      open: then(at(`${worked}?panel=changes`, 'The prompt was:'), 'Ship', 'Commit and push'),
    },
    { name: 'pull-request', open: pullRequest },
    { name: 'pull-request-edit', open: then(pullRequest, 'Edit', 'Merge into') },
    { name: 'session-menu', open: then(idle, 'Session actions', 'Rename…') },
    { name: 'your-name', open: then(settings, 'Change your name', 'Change name') },
    { name: 'your-email', open: then(settings, 'Change your email', 'We mail a link') },
    { name: 'password', open: then(settings, 'Set a password', 'You will be signed out') },
    { name: 'rename', open: dialog('Rename…', 'Rename session') },
    { name: 'review', open: dialog('Review…', 'Review') },
    {
      name: 'checks',
      open: then(
        at(`${worked}?panel=changes`, 'The prompt was:'),
        'Checks…',
        'The repository declares no checks',
      ),
    },
    { name: 'compact', open: dialog('Compact…', 'Compact the conversation') },
    { name: 'network', open: dialog('Network…', 'Network') },
    { name: 'setup', open: dialog('Setup…', 'Setup') },
    { name: 'session-secrets', open: dialog('Secrets…', 'Secrets') },
    { name: 'approvals', open: dialog('Approvals…', 'Approvals') },
    { name: 'question', open: at(`${asking}?panel=closed`, /^Codex wants to/) },
    { name: 'trust', open: dialog('Trust…', 'Trust') },
    { name: 'delete', open: dialog('Delete…', 'Delete this session?') },
    { name: 'setting-up', open: at(settingUp, 'Waiting for the setup') },
    { name: 'setup-failed', open: at(setupFailed, 'One prompt waits until the setup succeeds.') },
    { name: 'failed', open: at(failed, 'Edit and try again') },
    { name: 'archived', open: at(archived, 'This session is archived') },
    { name: 'settings', open: settings },
    { name: 'secrets', open: secrets },
    { name: 'secret-change', open: then(secrets, 'Change NPM_TOKEN', 'Empty: the value stays') },
    { name: 'secret-delete', open: then(secrets, 'Delete NPM_TOKEN', /repeat the name/) },
    { name: 'git-credentials', open: gitCredentials },
    {
      name: 'git-credential-test',
      open: then(gitCredentials, 'Test github.com/acme', 'Address of a repository'),
    },
    {
      name: 'git-host-keys',
      open: then(gitCredentials, 'Host keys of git.example.org', 'Compare the fingerprints'),
    },
    { name: 'forges', open: forges },
    {
      name: 'forge-bitbucket',
      open: async (page) => {
        await forges(page);
        await page.getByRole('radio', { name: 'Bitbucket' }).click();
        await page.getByRole('textbox', { name: 'Workspace' }).waitFor();
      },
    },
    { name: 'github-app', open: at('/settings/github-app', 'Continue at GitHub') },
    { name: 'forge-webhook', open: then(forges, 'Webhook of 10.0.0.1', 'Make a secret') },
    { name: 'forge-test', open: then(forges, 'Test 10.0.0.1', /private or reserved network/) },
    { name: 'shipping', open: shipping },
    { name: 'branch-rule', open: then(shipping, 'Add a rule…', 'Names of branches') },
    { name: 'organisation', open: at('/settings/organisation', 'Your access and your API keys') },
    { name: 'roles', open: at('/settings/roles', 'Your role') },
    { name: 'usage', open: usage },
    { name: 'limits', open: then(usage, 'Change the limits: Each run', 'Save') },
    { name: 'models', open: then(models, 'Change the price of gpt-6.1-sol', 'Cached input, US dollars') },
    { name: 'system', open: at('/settings/system', 'Runs at the same time') },
    { name: 'sign-out', open: then(settings, 'Sign out', 'Sign out of this browser?') },
    { name: 'no-session', open: at('/sessions/00000000-0000-7000-8000-000000000000', 'does not exist') },
    { name: 'no-page', open: at('/nowhere', 'There is nothing here') },
    {
      name: 'palette',
      open: async (page) => {
        await home(page);
        await page.keyboard.press('Control+k');
        await page.getByRole('dialog', { name: 'Search and commands' }).waitFor();
      },
    },
    {
      name: 'archive',
      open: async (page) => {
        await home(page);
        if (await button(page, 'Open sidebar').isVisible()) await button(page, 'Open sidebar').click();
        await button(page, 'Archive').click();
        const list = page.getByRole('navigation', { name: 'Archived sessions' });
        await list.getByText('An archived session').first().waitFor();
      },
    },
    {
      name: 'model-server',
      open: async (page) => {
        const body = JSON.stringify({ base_url: `http://${NOWHERE}/v1`, key: 'a-key-of-nobody-0123456789' });
        await system.api('/api/models/server', { method: 'PUT', body });
        await page.goto(`${system.url}/settings/models`);
        await button(page, 'Test').click();
        await page.getByText('The server does not work yet.').waitFor();
      },
    },
  ];
}

/** Pushes what a session has changed, and asks for a pull request, which the forge refuses: it is a mere git server. */
async function openPullRequest(system: System, path: string, repository: string): Promise<void> {
  const read = async () => (await (await system.api(`/api${path}`)).json()) as Session;
  const { commit_id } = await post<{ commit_id: string }>(system, `/api${path}/commits`, {});
  await post(system, `/api${path}/pushes`, { commit_id });
  await waitFor(async () => (await read()).last_push?.status === 'pushed');
  const url = new URL(repository).origin;
  await post(system, '/api/forges', { kind: 'github', url, token: 'ghp_0123456789abcdef' });
  await post(system, `/api${path}/pull-request`, { title: 'Note what the leeks need' });
  await waitFor(async () => (await read()).pull_request?.status === 'failed');
}

/** Closes what the screen before has opened over the page. */
async function closeEverything(page: Page): Promise<void> {
  const open = page.locator('[role=dialog], [role=menu]');
  for (let count = await open.count(); count > 0; count = await open.count()) {
    await page.keyboard.press('Escape');
    await waitFor(async () => (await open.count()) < count);
  }
}

async function post<T>(system: System, path: string, body: object): Promise<T> {
  const headers = { prefer: 'respond-async' };
  const answer = await system.api(path, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  return (await answer.json()) as T;
}
