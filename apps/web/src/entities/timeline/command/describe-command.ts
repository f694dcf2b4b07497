import {
  type CommandName,
  isKnownCommand,
  isSelectingLines,
  readArguments,
  readFind,
} from './command-forms.js';
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

/** The system's shells. A program elsewhere may only have the name of one. */
const SHELL = /^(?:(?:\/usr|\/usr\/local|\/opt\/homebrew)?\/bin\/)?(?:bash|sh|zsh)$/;
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
  const looked = first && filters.every(isFilter) ? looking(first) : null;
  return looked ? { ...looked, script } : run;
}

/** How many words besides its options a command may have to only filter the output of the one before it. */
const FILTERS: Partial<Record<CommandName, number>> = {
  cat: 0,
  nl: 0,
  head: 0,
  tail: 0,
  wc: 0,
  sort: 0,
  uniq: 0,
  cut: 0,
  column: 0,
  sed: 1,
  grep: 1,
};

function isFilter([name = '', ...args]: string[]): boolean {
  const max = isKnownCommand(name) ? FILTERS[name] : undefined;
  if (!isKnownCommand(name) || max === undefined) return false;
  const read = readArguments(name, args);
  if (!read || read.words.length > max) return false;
  return name !== 'sed' || isSelectingLines(read.words[0] ?? '');
}

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

function looking([name = '', ...rest]: string[]): Looking | null {
  if (name === 'find') return finding(rest);
  const command = name === 'git' ? `git ${rest[0]}` : name;
  if (!isKnownCommand(command)) return null;
  const read = readArguments(command, name === 'git' ? rest.slice(1) : rest);
  if (!read) return null;
  const { words, option } = read;
  switch (command) {
    case 'cat':
    case 'nl':
    case 'head':
    case 'tail':
      return reading(words);
    case 'sed':
      return option('n') !== undefined && isSelectingLines(words[0] ?? '') ? reading(words.slice(1)) : null;
    case 'ls':
    case 'tree':
    case 'git ls-files':
      return { action: 'list', target: words.join(', ') };
    case 'rg':
      if (option('files') !== undefined) return { action: 'list', target: words.join(', ') };
      return searching(words, option('e') ?? option('regexp'));
    case 'grep':
    case 'git grep':
      return searching(words, option('e') ?? option('regexp'));
    default:
      return null;
  }
}

const reading = (files: readonly string[]): Looking | null =>
  files.length > 0 ? { action: 'read', target: files.join(', ') } : null;

function finding(args: string[]): Looking | null {
  const found = readFind(args);
  if (!found) return null;
  const scope = found.places.filter((place) => place !== '.').join(', ');
  if (found.name === undefined) return { action: 'list', target: scope };
  return { action: 'search', target: found.name, ...(scope && { scope }) };
}

function searching(words: readonly string[], explicit: string | undefined): Looking | null {
  const [pattern, ...places] = explicit === undefined ? words : [explicit, ...words];
  if (pattern === undefined) return null;
  const scope = places.filter((place) => place !== '.').join(', ');
  return { action: 'search', target: pattern, ...(scope && { scope }) };
}
