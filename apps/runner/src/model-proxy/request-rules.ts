/*
 * What a run may ask the model for. A model server can fetch addresses, run hosted tools, and keep or continue what other
 * calls have stored under our key: ways out that no jail closes. So fields and tools are allowed by list, as Codex 0.163
 * sends them, and what the server would fetch is refused wherever it stands:
 *
 *     fields   those of one call that nothing is kept of
 *     tools    those that Codex itself carries out; the server's own search with the network on
 *     input    what the request itself brings: no addresses but data:, no files or items kept by the server
 */
import type { Network } from '@saas-codex/contracts/network';

/** Why a request is not sent. `url`: what the server should have fetched. */
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
  'service_tier',
  'prompt_cache_key',
  'prompt_cache_retention',
  'text',
  'max_output_tokens',
  'client_metadata',
]);
/** Not `shell`: the server can run it in a container of its own. */
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
const KEPT_BY_SERVER = /^(item_reference|mcp_.*)$/;

type Fields = Record<string, unknown>;

/** @returns null when it may be sent */
export function breachOf(request: Fields, network: Network): RuleBreach | null {
  const unknown = Object.keys(request).find((field) => !FIELDS.has(field));
  if (unknown !== undefined)
    return { sentence: `${quoted(unknown)} cannot be used in requests to the model here.` };
  if (request['store'] === true)
    return { sentence: 'The model server is not allowed to store what is sent ("store").' };
  const { tools = null, input = null } = request;
  return breachIn([{ tools, input }], network);
}

/** Looks at every object but what describes a tool's arguments. Not recursive: it may be nested deeply. */
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
      ? 'The web search of the model server needs the network of this session to be on.'
      : `The tool ${quoted(type)} is carried out by the model server, out of this session's network, and is not allowed.`;
  return typeof url === 'string' ? { sentence, url } : { sentence };
}

function breachOfObject(fields: Fields): RuleBreach | null {
  if (typeof fields['type'] === 'string' && KEPT_BY_SERVER.test(fields['type']))
    return { sentence: `Items of the type ${quoted(fields['type'])} cannot be sent to the model here.` };
  if (fields['file_id'] !== undefined && fields['file_id'] !== null)
    return { sentence: 'Files that the model server keeps cannot be used here ("file_id").' };
  for (const [key, value] of Object.entries(fields)) {
    if (!ADDRESS_KEY.test(key)) continue;
    const url = isFields(value) ? value['url'] : value;
    if (url === null || (typeof url === 'string' && /^data:/i.test(url))) continue;
    return {
      sentence: `The model server is not allowed to fetch addresses ("${key}"). Send the content itself.`,
      ...(typeof url === 'string' && { url }),
    };
  }
  return null;
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const quoted = (value: unknown) => JSON.stringify(String(value).slice(0, 60));
