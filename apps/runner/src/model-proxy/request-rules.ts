/*
 * Checks what a run may ask the model server to do. A model server can fetch URLs, run hosted tools, and store data under our
 * key or use data that other calls stored. No jail prevents these ways out. So only the fields and tools that Codex 0.163 sends
 * are allowed, and URLs for the server to fetch are refused anywhere in the request:
 *
 *     fields   only those of a single call of which the server stores nothing
 *     tools    only those that Codex itself runs; with the network on, also the server's web search
 *     input    only content within the request: no URLs except data:, no files or items that the server has stored
 *     price    no `service_tier`, which makes calls dearer; `ModelRun` adds that only one model is used
 */
import type { Network } from '@saas-codex/contracts/network';

/** Why a request is not sent. `url`: what the server would have fetched. */
export interface RuleBreach {
  sentence: string;
  url?: string;
}

const FIELDS = new Set([
  'model',
  'instructions',
  'input',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'reasoning',
  'store',
  'stream',
  'stream_options',
  'include',
  'prompt_cache_key',
  'prompt_cache_retention',
  'text',
  'max_output_tokens',
  'client_metadata',
]);
/** Not `shell`, which the server can run in its own container. */
const CLIENT_TOOLS = new Set([
  'function',
  'custom',
  'namespace',
  'local_shell',
  'apply_patch',
  'tool_search',
]);
const SERVER_SEARCH = 'web_search';
const ADDRESS_KEY = /_url$/;
const STORED_BY_SERVER = /^(item_reference|mcp_.*)$/;

type Fields = Record<string, unknown>;

/** @returns null if the request may be sent */
export function findBreach(request: Fields, network: Network): RuleBreach | null {
  const unknown = Object.keys(request).find((field) => !FIELDS.has(field));
  if (unknown !== undefined)
    return { sentence: `The field ${quoted(unknown)} is not allowed in requests to the model.` };
  if (request['store'] === true)
    return { sentence: 'The model server is not allowed to store requests ("store").' };
  const { tools = null, input = null } = request;
  return breachIn([{ tools, input }], network);
}

/** Checks every object except the schemas of tool arguments. Not recursive, because the input may be nested deeply. */
function breachIn(begin: unknown[], network: Network): RuleBreach | null {
  const open = [...begin];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value !== 'object' || value === null) continue;
    if (Array.isArray(value)) {
      for (const each of value) open.push(each);
      continue;
    }
    const { tools, ...rest } = value as Fields;
    const breach = breachOfTools(tools, network) ?? breachOfObject(rest);
    if (breach) return breach;
    for (const each of Object.values(rest)) open.push(each);
  }
  return null;
}

function breachOfTools(tools: unknown, network: Network): RuleBreach | null {
  if (tools === undefined || tools === null) return null;
  if (!Array.isArray(tools)) return { sentence: '"tools" must be a list.' };
  const open: unknown[] = [...tools];
  while (open.length > 0) {
    const tool = open.pop();
    if (!isFields(tool)) return { sentence: 'Each tool must be an object.' };
    const { type } = tool;
    const allowed =
      (typeof type === 'string' && CLIENT_TOOLS.has(type)) ||
      (type === SERVER_SEARCH && network.mode === 'on');
    if (!allowed) return refusedTool(tool);
    if (tool['tools'] === undefined) continue;
    if (!Array.isArray(tool['tools'])) return { sentence: '"tools" must be a list.' };
    for (const each of tool['tools']) open.push(each);
  }
  return null;
}

function refusedTool({ type, server_url: url }: Fields): RuleBreach {
  const sentence =
    type === SERVER_SEARCH
      ? 'The web search of the model server is allowed only if the network of this session is on.'
      : `The tool ${quoted(type)} runs on the model server, outside of this session's network, and is not allowed.`;
  return typeof url === 'string' ? { sentence, url } : { sentence };
}

function breachOfObject(fields: Fields): RuleBreach | null {
  if (typeof fields['type'] === 'string' && STORED_BY_SERVER.test(fields['type']))
    return {
      sentence: `Items of the type ${quoted(fields['type'])} are not allowed in requests to the model.`,
    };
  if (fields['file_id'] !== undefined && fields['file_id'] !== null)
    return { sentence: 'Files that the model server has stored are not allowed ("file_id").' };
  for (const [key, value] of Object.entries(fields)) {
    if (!ADDRESS_KEY.test(key)) continue;
    const url = isFields(value) ? value['url'] : value;
    if (url === null || (typeof url === 'string' && /^data:/i.test(url))) continue;
    return {
      sentence: `The model server is not allowed to fetch URLs ("${key}"). Send the content itself.`,
      ...(typeof url === 'string' && { url }),
    };
  }
  return null;
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const quoted = (value: unknown) => JSON.stringify(String(value).slice(0, 60));
