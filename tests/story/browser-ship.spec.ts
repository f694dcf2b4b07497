import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Session } from '@saas-codex/contracts/sessions';
import {
  accessibilityFaults,
  complaints,
  screenshot,
  setTheme,
  startBrowser,
} from '@saas-codex/testing/browser';
import { startGithub } from '@saas-codex/testing/forges/github';
import {
  type GithubPullRequestState,
  githubPullRequests,
} from '@saas-codex/testing/forges/github-pull-requests';
import { addGithubRepository } from '@saas-codex/testing/forges/github-repositories';
import type { GithubWorld } from '@saas-codex/testing/forges/github-world';
import { type GitServer, startGitServer } from '@saas-codex/testing/git-server';
import { startSystem, type System } from '@saas-codex/testing/system';
import { waitFor } from '@saas-codex/testing/wait-for';
import type { Browser, Page } from 'playwright-core';

/** In a real Chromium, work goes out: it is reviewed, checked, pushed, and followed at the forge until it is merged. */
let git: GitServer;
let state: GithubPullRequestState;
let github: GithubWorld;
let system: System;
let browser: Browser;
let page: Page;
let errors: string[];
let session: Session;

const REPOSITORY = 'acme/garden';
const TOKEN = 'ghp_a-token-of-the-specs-0123456789';
/** One without checks. */
const ORCHARD = 'acme/orchard';
const AGENT = 'export GIT_{AUTHOR,COMMITTER}_NAME=Agent GIT_{AUTHOR,COMMITTER}_EMAIL=agent@localhost';
const CHECKS = `required: true
checks:
  - { name: Notes, run: "ls notes/*.md" }
`;

/** As the repository has them now. */
const branches = (): Record<string, string> => {
  const format = '--format=%(refname:short) %(objectname)';
  const lines = execFileSync('git', ['-C', git.path(REPOSITORY), 'for-each-ref', format, 'refs/heads']);
  return Object.fromEntries(
    lines
      .toString()
      .trim()
      .split('\n')
      .map((line) => line.split(' ')),
  ) as Record<string, string>;
};

beforeAll(async () => {
  git = await startGitServer();
  await git.createRepository(REPOSITORY, { 'README.md': '# Garden\n', '.saas-codex/checks.yml': CHECKS });
  git.protect(REPOSITORY, { username: 'x-access-token', password: TOKEN });
  state = githubPullRequests();
  github = await startGithub({ endpoints: [state.endpoints], git });
  github.tokens.set(TOKEN, { login: 'octocat', scopes: ['repo'] });
  const repository = addGithubRepository(github, REPOSITORY, { rights: { octocat: 'push' } });
  Object.defineProperty(repository, 'branches', { get: branches });
  const environment = { GIT_TRUSTED_HOSTS: github.host, DEMO_PACE: '0', ISOLATION: 'bubblewrap' };
  [system, browser] = await Promise.all([startSystem(environment), startBrowser()]);
  page = await browser.newPage({ viewport: { width: 1360, height: 860 }, reducedMotion: 'reduce' });
  errors = complaints(page);
  await post('/api/forges', { kind: 'github', url: github.url, token: TOKEN });
  session = (await post('/api/sessions', { repo_url: `${github.url}/${REPOSITORY}.git` })) as Session;
  await page.goto(system.link);
  await page.getByRole('textbox', { name: 'Prompt' }).waitFor();
});

afterAll(async () => {
  await browser.close();
  await system.stop();
  await github.stop();
  await git.stop();
  expect(github.wrong).toEqual([]);
});

async function post(path: string, body: object): Promise<unknown> {
  return (await system.api(path, { method: 'POST', body: JSON.stringify(body) })).json();
}

const dialog = (name: string | RegExp) => page.getByRole('dialog', { name });
const press = (name: string | RegExp) => page.getByRole('button', { name, exact: true }).click();

async function ask(prompt: string, nth: number): Promise<void> {
  await page.getByRole('textbox', { name: 'Prompt' }).fill(prompt);
  await page.getByRole('textbox', { name: 'Prompt' }).press('Enter');
  await worked(nth);
}

const worked = (nth: number) =>
  page
    .getByText(/^Worked/)
    .nth(nth)
    .waitFor();

async function inEachTheme(name: string): Promise<void> {
  for (const theme of ['light', 'dark'] as const) {
    await setTheme(page, theme);
    await screenshot(page, `${name}-${theme}`);
    expect(await accessibilityFaults(page)).toEqual([]);
  }
}

/** Runs the checks, which the repository requires, and pushes. */
async function ship(): Promise<void> {
  await press(/^Ship/);
  await dialog('Ship').getByRole('button', { name: 'Checks…' }).click();
  await dialog('Checks').getByRole('button', { name: 'Run checks' }).click();
  await dialog('Checks').getByRole('button', { name: 'Close' }).click();
  await press(/^Ship/);
  // It can be clicked once they have passed.
  await dialog('Ship').getByRole('button', { name: 'Commit and push' }).click();
}

test('a person reviews, checks, pushes, opens a pull request, has it mended and sees it merged', async () => {
  await page.goto(`${system.url}/sessions/${session.session_id}?panel=changes`);
  await ask('Note the roses', 0);

  // A comment becomes the next prompt.
  const roses = page.locator('section').and(page.getByLabel('notes/note-the-roses.md', { exact: true }));
  await roses.locator('[data-column-number="1"]').first().hover();
  await roses.locator('[data-utility-button]').click();
  const field = page.getByRole('textbox', { name: 'Comment on line 1' });
  await field.fill('Name their colour');
  await field.press('ControlOrMeta+Enter');
  await press('Send 1 comment');
  await worked(1);
  await ask('Note the moss', 2);

  // What is not wanted is taken back.
  const moss = page.locator('section').and(page.getByLabel('notes/note-the-moss.md', { exact: true }));
  await moss.getByRole('button', { name: 'More for this file' }).click();
  await page.getByRole('menuitem', { name: /^Revert/ }).click();
  await moss.waitFor({ state: 'detached' });

  // The branch has moved on meanwhile.
  await git.commit(REPOSITORY, { 'CHANGELOG.md': '# Opened\n' });
  await press(/^Ship/);
  const behind = dialog('Ship').getByText('main has a new commit.');
  await behind.waitFor();
  await inEachTheme('ship-behind');
  await dialog('Ship').getByRole('button', { name: 'Update' }).click();
  await behind.waitFor({ state: 'detached' });
  await dialog('Ship').getByRole('button', { name: 'Close' }).click();

  await ship();
  await dialog('Ship').getByText('Pushed to').waitFor();
  await inEachTheme('ship-pushed');
  const [branch = ''] = Object.keys(branches()).filter((name) => name !== 'main');
  await dialog('Ship').getByRole('button', { name: 'Open pull request…' }).click();
  await dialog('Pull request').getByRole('textbox', { name: 'Title' }).fill('Note the roses');
  await dialog('Pull request').getByRole('button', { name: 'Open pull request' }).click();
  await dialog('Pull request #1').waitFor();
  await dialog('Pull request #1').getByText('saas-codex/checks').waitFor();
  await inEachTheme('ship-opened');
  expect(state.all[0]?.body).toContain('**Checks passed**');
  const parents = execFileSync('git', ['-C', git.path(REPOSITORY), 'log', '-1', '--format=%P', branch]);
  expect(parents.toString().trim()).toBe(branches()['main']);
  await dialog('Pull request #1').getByRole('button', { name: 'Close' }).click();

  // A check of the forge fails, and Codex gets its log.
  state.checks.set(branches()[branch] ?? '', [
    { name: 'build', conclusion: 'failure', title: 'No colour', summary: 'The roses have no colour.' },
  ]);
  await page.getByRole('button', { name: /^Pull request 1, / }).click();
  await dialog('Pull request #1').getByText('The roses have no colour.').waitFor();
  await inEachTheme('ship-failed');
  await dialog('Pull request #1').getByRole('button', { name: 'Send to Codex' }).click();
  await page.getByRole('textbox', { name: 'Prompt' }).press('Enter');
  await worked(3);
  const broken = branches()[branch];
  await ship();
  await waitFor(() => branches()[branch] !== broken);
  state.checks.set(branches()[branch] ?? '', [{ name: 'build', conclusion: 'success' }]);
  await dialog('Ship').getByRole('button', { name: 'Show' }).click();
  await dialog('Pull request #1').getByText('The roses have no colour.').waitFor({ state: 'detached' });
  await dialog('Pull request #1').getByText('build', { exact: true }).waitFor();

  // The next failure is mended by itself.
  await dialog('Pull request #1').getByRole('button', { name: 'Keep it green…' }).click();
  await dialog('Pull request #1').getByRole('button', { name: 'Start' }).click();
  await dialog('Pull request #1')
    .getByText(/^Kept green by Codex/)
    .waitFor();
  const shipped = branches()[branch] ?? '';
  state.checks.set(shipped, [
    { name: 'build', conclusion: 'failure', title: 'No scent', summary: 'The roses have no scent.' },
  ]);
  await waitFor(() => branches()[branch] !== shipped);
  state.checks.set(branches()[branch] ?? '', [{ name: 'build', conclusion: 'success' }]);
  await dialog('Pull request #1').getByText('Kept green by Codex. 1 of 3 tries used.').waitFor();
  await inEachTheme('ship-kept-green');

  Object.assign(state.all[0] ?? {}, { state: 'closed', merged: true });
  await dialog('Pull request #1')
    .getByText(/^Merged/)
    .waitFor();
  await inEachTheme('ship-merged');
  expect(errors).toEqual([]);
});

test('what Codex has committed itself is read, and goes out commit by commit', async () => {
  await git.createRepository(ORCHARD, { 'README.md': '# Orchard\n' });
  git.protect(ORCHARD, { username: 'x-access-token', password: TOKEN });
  addGithubRepository(github, ORCHARD, { rights: { octocat: 'push' } });
  const { session_id: id } = (await post('/api/sessions', {
    repo_url: `${github.url}/${ORCHARD}.git`,
  })) as Session;
  await page.goto(`${system.url}/sessions/${id}`);
  await ask('Note the pears', 0);
  const clone = join(system.dataDir, 'workspaces', id, 'repo');
  const agent = (script: string) => execFileSync('bash', ['-e', '-c', `${AGENT}; ${script}`], { cwd: clone });
  agent(`
    echo 'token: 0123456789' > access.txt; git add -A; git commit -qm 'Note the pears' -m 'They are ripe in October.'
    git rm -q access.txt; echo plums > plums.txt; git add -A; git commit -qm 'Count the plums'
    echo cherries > cherries.txt`);

  await page.goto(`${system.url}/sessions/${id}?panel=changes`);
  await press(/^Ship/);
  await dialog('Ship').getByRole('radio', { name: 'Codex’s own (2)' }).click();
  const commits = dialog('Ship').getByRole('list', { name: 'Commits of Codex' });
  await commits.getByText('+token: 0123456789').waitFor();
  const send = dialog('Ship').getByRole('button', { name: 'Commit and push' });
  expect(await send.isDisabled()).toBe(true);
  await inEachTheme('ship-own-commits');
  await page.setViewportSize({ width: 390, height: 844 });
  await inEachTheme('ship-own-commits-phone');
  await page.setViewportSize({ width: 1360, height: 860 });
  await dialog('Ship')
    .getByRole('checkbox', { name: /^One commit holds/ })
    .check();
  await dialog('Ship')
    .getByRole('textbox', { name: /^Message of a last commit/ })
    .fill('Add the cherries');
  await send.click();
  await dialog('Ship').getByText('Pushed to').waitFor();
  const log = execFileSync('git', ['-C', git.path(ORCHARD), 'log', '--branches=codex/*', '--format=%s']);
  expect(log.toString().trim().split('\n')).toEqual([
    'Add the cherries',
    'Count the plums',
    'Note the pears',
    'Commit',
  ]);
  expect(errors).toEqual([]);
});
