// node scripts/extract-github-description.mjs: writes the part of GitHub's API description that the stand-ins of GitHub answer
// (libs/testing/src/forges/github-openapi.json). The whole is 13 MB, in a package of 385 MB that no installation should fetch:
// install it for this only (npm install --no-save @octokit/openapi). A new endpoint of a stand-in needs a line here.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const OPERATIONS = `
GET /app
GET /app/installations
GET /installation/repositories
GET /user
GET /user/emails
GET /user/orgs
GET /user/repos
GET /user/teams
GET /search/repositories
GET /repos/{owner}/{repo}
GET /repos/{owner}/{repo}/branches
GET /repos/{owner}/{repo}/branches/{branch}
GET /repos/{owner}/{repo}/check-runs/{check_run_id}/annotations
GET /repos/{owner}/{repo}/commits/{ref}/check-runs
GET /repos/{owner}/{repo}/commits/{ref}/status
GET /repos/{owner}/{repo}/installation
GET /repos/{owner}/{repo}/pulls
GET /repos/{owner}/{repo}/pulls/{pull_number}
GET /repos/{owner}/{repo}/pulls/{pull_number}/comments
GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews
GET /repos/{owner}/{repo}/tags
DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels
PATCH /repos/{owner}/{repo}/pulls/{pull_number}
POST /app-manifests/{code}/conversions
POST /app/installations/{installation_id}/access_tokens
POST /repos/{owner}/{repo}/pulls
POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers
POST /repos/{owner}/{repo}/statuses/{sha}
PUT /repos/{owner}/{repo}/issues/{issue_number}/labels
`
  .trim()
  .split('\n')
  .map((line) => line.split(' '));
/** What no check reads. */
const PROSE = ['description', 'summary', 'example', 'examples', 'externalDocs', 'tags', 'x-github', 'title'];

const require = createRequire(import.meta.url);
/** @param {string} file of the package @returns {any} */
const read = (file) => JSON.parse(readFileSync(require.resolve(`@octokit/openapi/${file}`), 'utf8'));
const whole = read('generated/api.github.com.json');
const { version } = read('package.json');

/** @returns {any} the value without prose; names of properties are no prose. @param {any} value @param {boolean} [areNames] */
function plain(value, areNames = false) {
  if (Array.isArray(value)) return value.map((one) => plain(one));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => areNames || !PROSE.includes(key));
  return Object.fromEntries(kept.map(([key, one]) => [key, plain(one, !areNames && key === 'properties')]));
}

/** @type {any} */
const extract = {
  openapi: whole.openapi,
  info: {
    title: "Extract of GitHub's REST API description: what the stand-ins answer",
    version: `@octokit/openapi ${version}`,
    license: { name: 'MIT' },
    contact: { url: 'https://github.com/github/rest-api-description' },
  },
  paths: {},
  components: {},
};
for (const [method = '', path = ''] of OPERATIONS)
  (extract.paths[path] ??= {})[method.toLowerCase()] = plain(whole.paths[path][method.toLowerCase()]);

/** Adds every component that the value refers to. @param {unknown} value */
function addReferred(value) {
  for (const [, kind = '', name = ''] of JSON.stringify(value).matchAll(
    /"#\/components\/(\w+)\/([^"/]+)"/g,
  )) {
    const group = (extract.components[kind] ??= {});
    if (name in group) continue;
    group[name] = plain(whole.components[kind][name]);
    addReferred(group[name]);
  }
}
addReferred(extract.paths);
for (const [kind, group] of Object.entries(extract.components))
  extract.components[kind] = Object.fromEntries(
    Object.entries(group).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );

const file = resolve(import.meta.dirname, '../libs/testing/src/forges/github-openapi.json');
writeFileSync(file, `${JSON.stringify(extract, null, 1)}\n`);
