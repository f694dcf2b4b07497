import { shellTokens, type ShellToken } from './shell-words.js';

/**
 * What a command does, for its one line in the conversation: "Read README.md" says more than
 * `/bin/bash -lc "sed -n '1,80p' README.md"`. Only commands that certainly just read are described; all others are "Ran
 * …".
 */
export interface CommandSummary {
  readonly action: 'run' | 'read' | 'list' | 'search';
  /** What it acts on: the script, the files, the folder or the pattern; empty if there is none. */
  readonly target: string;
  /** Where it searched, if the command says so. */
  readonly scope?: string;
  /** The command without the shell around it. */
  readonly script: string;
}

const SHELL = /(?:^|\/)(?:bash|sh|zsh)$/;
const FLAG = /^-[a-z]*c$/;

/** Removes a surrounding `/bin/bash -lc '…'`. */
export function unwrapShell(command: string): string {
  const [shell, flag, script, ...more] = shellTokens(command) ?? [];
  if (!shell || !flag || script?.kind !== 'word' || more.length > 0) return command.trim();
  return (SHELL.test(shell.text) && FLAG.test(flag.text) ? script.text : command).trim();
}

export function describeCommand(command: string): CommandSummary {
  const script = unwrapShell(command);
  const run: CommandSummary = { action: 'run', target: script, script };
  const tokens = shellTokens(script);
  const [first, ...filters] = (tokens && pipeline(tokens)) ?? [];
  const [name, ...args] = first ?? [];
  if (!name || !filters.every(([filter]) => filter && FILTERS.has(filter))) return run;
  const looked = looking(name, args);
  return looked ? { ...looked, script } : run;
}

/** Commands that only filter the output of the one before them. */
const FILTERS = new Set([
  'head',
  'tail',
  'wc',
  'sort',
  'uniq',
  'cat',
  'nl',
  'cut',
  'column',
  'less',
  'sed',
  'grep',
]);

/**
 * The words of each stage of one pipeline, without a leading `cd … &&`, `2>/dev/null` and a closing `|| echo …`;
 * null if there is more than that (several commands, a redirection, a subshell).
 */
function pipeline(tokens: readonly ShellToken[]): string[][] | null {
  let stage: string[] = [];
  const stages = [stage];
  for (const token of withoutDiscards(withoutFallback(withoutChangeDirectory(tokens)))) {
    if (token.kind === 'word') stage.push(token.text);
    else if (token.text === '|') stages.push((stage = []));
    else return null;
  }
  return stages.every((words) => words.length > 0) ? stages : null;
}

const isOperator = (token: ShellToken | undefined, text: string): boolean =>
  token?.kind === 'operator' && token.text === text;

function withoutChangeDirectory(tokens: readonly ShellToken[]): readonly ShellToken[] {
  const changes = tokens[0]?.kind === 'word' && tokens[0].text === 'cd' && isOperator(tokens[2], '&&');
  return changes ? tokens.slice(3) : tokens;
}

/** An `|| echo …` for a missing file does not change what was read. */
function withoutFallback(tokens: readonly ShellToken[]): readonly ShellToken[] {
  const at = tokens.findIndex((token) => isOperator(token, '||'));
  const [name, ...rest] = tokens.slice(at + 1);
  const harmless = name?.text === 'echo' || name?.text === 'true';
  return at >= 0 && harmless && rest.every((token) => token.kind === 'word') ? tokens.slice(0, at) : tokens;
}

/** `2>/dev/null` reads as the word `2`, `>`, `/dev/null`. */
function withoutDiscards(tokens: readonly ShellToken[]): readonly ShellToken[] {
  const at = tokens.findIndex(
    (token, index) =>
      token.text === '2' && isOperator(tokens[index + 1], '>') && tokens[index + 2]?.text === '/dev/null',
  );
  return at < 0 ? tokens : withoutDiscards(tokens.toSpliced(at, 3));
}

type Looking = Omit<CommandSummary, 'script'>;

function looking(name: string, args: string[]): Looking | null {
  switch (name) {
    case 'cat':
    case 'bat':
    case 'nl':
    case 'less':
      return reading(positional(args, []));
    case 'head':
    case 'tail':
      return args.includes('-f') ? null : reading(positional(args, ['-n', '-c']));
    case 'sed':
      return args[0] === '-n' ? reading(positional(args.slice(1), []).slice(1)) : null;
    case 'ls':
    case 'tree':
      return { action: 'list', target: positional(args, ['-L', '-I']).join(', ') };
    case 'find':
      return args.some((arg) => /^-(?:exec|execdir|ok|okdir|delete|fprint)/.test(arg)) ? null : finding(args);
    case 'rg':
      return args.includes('--files') ? listing(args) : searching(args);
    case 'grep':
    case 'ag':
      return searching(args);
    case 'git':
      return args[0] === 'grep'
        ? searching(args.slice(1))
        : args[0] === 'ls-files'
          ? listing(args.slice(1))
          : null;
    default:
      return null;
  }
}

const reading = (files: string[]): Looking | null =>
  files.length > 0 ? { action: 'read', target: files.join(', ') } : null;

const listing = (args: string[]): Looking => ({
  action: 'list',
  target: positional(args, ['-g', '--glob', '-t', '--type']).join(', '),
});

function finding(args: string[]): Looking {
  const name = args[args.findIndex((arg) => arg === '-name' || arg === '-iname') + 1];
  const folder = args[0] && !args[0].startsWith('-') && args[0] !== '.' ? args[0] : undefined;
  const named = args.some((arg) => arg === '-name' || arg === '-iname') && name !== undefined;
  return named ? { action: 'search', target: name, scope: folder } : { action: 'list', target: folder ?? '' };
}

/** Options of rg and grep whose value is the next word. */
const SEARCH_VALUES = [
  '-g',
  '--glob',
  '-t',
  '--type',
  '-T',
  '-A',
  '-B',
  '-C',
  '-m',
  '--max-count',
  '--include',
  '--exclude',
];

function searching(args: string[]): Looking | null {
  const explicit = args.findIndex((arg) => arg === '-e' || arg === '--regexp');
  const rest = explicit < 0 ? args : args.toSpliced(explicit, 1);
  const [pattern, ...places] = positional(rest, SEARCH_VALUES);
  if (pattern === undefined) return null;
  const scope = places.filter((place) => place !== '.').join(', ');
  return { action: 'search', target: pattern, ...(scope && { scope }) };
}

/** The words that are not options. `takeValue` lists the options whose value is the next word. */
function positional(args: readonly string[], takeValue: readonly string[]): string[] {
  const end = args.indexOf('--');
  const options = end < 0 ? args : args.slice(0, end);
  const words = options.filter(
    (arg, index) => !arg.startsWith('-') && !takeValue.includes(options[index - 1] ?? ''),
  );
  return end < 0 ? words : [...words, ...args.slice(end + 1)];
}
