/**
 * The options with which a command certainly does nothing but read. A command with any other option is not described:
 * `sort -o`, `tree -R` and `git grep -O` write files or start programs, and so may an option that is not known here.
 */
interface CommandForm {
  /** One-letter options without a value. */
  readonly flags?: string;
  /** One-letter options with a value: `-n 5` or `-n5`. */
  readonly values?: string;
  /** Long options without a value, or with one after `=`. */
  readonly long?: readonly string[];
  /** Long options whose value is the next word, or after `=`. */
  readonly longValues?: readonly string[];
  /** `-5` is an option too. */
  readonly digits?: boolean;
}

interface CommandArguments {
  /** The words that are not options. */
  readonly words: readonly string[];
  /** The value of an option (the last one, if it is repeated), '' if it has none; undefined if it is not there. */
  option(name: string): string | undefined;
}

const SEARCH_LONG_VALUES = ['regexp', 'max-count', 'context', 'after-context', 'before-context', 'color'];
const SEARCH_LONG = [
  'line-number',
  'ignore-case',
  'word-regexp',
  'fixed-strings',
  'count',
  'files-with-matches',
  'invert-match',
  'only-matching',
  'recursive',
  'color',
  'null',
  'text',
  'untracked',
  'no-index',
  'cached',
  'heading',
];

const FORMS = {
  cat: { flags: 'AbeEnstTuv', long: ['number', 'number-nonblank', 'show-all'] },
  nl: { flags: 'p', values: 'bdfhilnsvw' },
  head: { flags: 'qvz', values: 'nc', longValues: ['lines', 'bytes'], digits: true },
  tail: { flags: 'qvz', values: 'nc', longValues: ['lines', 'bytes'], digits: true },
  sed: { flags: 'nErsuz', long: ['quiet', 'silent', 'regexp-extended'] },
  ls: {
    flags: '1AaBCcdFfGghHikLlmNnopqQrRSstuUvXxZ',
    values: 'ITw',
    long: ['all', 'almost-all', 'color', 'human-readable', 'group-directories-first', 'recursive', 'reverse'],
    longValues: ['ignore', 'sort', 'time-style'],
  },
  tree: {
    flags: 'adfilpsughDFNQrtxCJv',
    values: 'LIP',
    long: ['dirsfirst', 'noreport', 'gitignore', 'prune'],
    longValues: ['filelimit', 'charset'],
  },
  rg: {
    flags: 'nilwcFsSuUvxopHhaL0NP',
    values: 'gtTABCmerd',
    long: [
      ...SEARCH_LONG,
      'files',
      'hidden',
      'no-ignore',
      'no-ignore-vcs',
      'no-heading',
      'smart-case',
      'multiline',
      'pcre2',
      'no-filename',
      'with-filename',
      'no-line-number',
      'trim',
      'follow',
      'count-matches',
      'vimgrep',
      'json',
    ],
    longValues: [
      ...SEARCH_LONG_VALUES,
      'glob',
      'iglob',
      'type',
      'type-not',
      'max-depth',
      'sort',
      'sortr',
      'replace',
      'max-columns',
    ],
  },
  grep: {
    flags: 'rRnilLcwxvFEGPsqohHaIzUbTZ',
    values: 'eABCmdD',
    long: [...SEARCH_LONG, 'extended-regexp', 'perl-regexp', 'no-messages', 'with-filename', 'no-filename'],
    longValues: [...SEARCH_LONG_VALUES, 'include', 'exclude', 'exclude-dir'],
    digits: true,
  },
  'git grep': {
    flags: 'nilLcwvFEGPqohHaIWpz',
    values: 'eABCm',
    long: SEARCH_LONG,
    longValues: ['max-depth', 'max-count', 'context', 'after-context', 'before-context'],
    digits: true,
  },
  'git ls-files': {
    flags: 'cdomistuvz',
    values: 'x',
    long: ['cached', 'deleted', 'others', 'modified', 'ignored', 'stage', 'exclude-standard', 'full-name'],
    longValues: ['exclude'],
  },
  wc: { flags: 'clmwL', long: ['lines', 'words', 'bytes', 'chars'] },
  sort: { flags: 'bdfghiMnRrVucsz', values: 'kt', long: ['numeric-sort', 'reverse', 'unique'] },
  uniq: { flags: 'cdDiuz', values: 'fsw', long: ['count', 'repeated', 'unique'] },
  cut: { flags: 'snz', values: 'bcdf', longValues: ['delimiter', 'fields', 'output-delimiter'] },
  column: { flags: 'txn', values: 'sco' },
} as const satisfies Record<string, CommandForm>;

export type CommandName = keyof typeof FORMS;

export const isKnownCommand = (name: string): name is CommandName => Object.hasOwn(FORMS, name);

/** Reads the arguments of a command; null if one of its options is not among those that only read. */
export function readArguments(name: CommandName, args: readonly string[]): CommandArguments | null {
  const form: CommandForm = FORMS[name];
  const options = new Map<string, string>();
  const words: string[] = [];
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--') {
      words.push(...rest);
      break;
    }
    if (arg === '-' || !arg.startsWith('-')) words.push(arg);
    else if (form.digits && /^-\d+$/.test(arg)) continue;
    else if (
      !(arg.startsWith('--') ? readLong(arg, form, rest, options) : readShort(arg, form, rest, options))
    )
      return null;
  }
  return { words, option: (option) => options.get(option) };
}

type ReadOption = (arg: string, form: CommandForm, rest: string[], options: Map<string, string>) => boolean;

const readLong: ReadOption = (arg, form, rest, options) => {
  const [, name = '', value] = /^--([^=]+)(?:=([^]*))?$/.exec(arg) ?? [];
  const known = (names: readonly string[] = []) => names.includes(name);
  if (value === undefined && known(form.longValues) && !known(form.long)) {
    const next = rest.shift();
    options.set(name, next ?? '');
    return next !== undefined;
  }
  options.set(name, value ?? '');
  return known(form.long) || known(form.longValues);
};

const readShort: ReadOption = (arg, form, rest, options) => {
  for (let at = 1; at < arg.length; at += 1) {
    const letter = arg.charAt(at);
    if (form.flags?.includes(letter)) options.set(letter, '');
    else if (form.values?.includes(letter)) {
      const value = arg.slice(at + 1) || rest.shift();
      options.set(letter, value ?? '');
      return value !== undefined;
    } else return false;
  }
  return true;
};

const ADDRESS = String.raw`(?:\d+|\$|/(?:[^/\\\n]|\\.)+/I?)`;
const PRINTING = new RegExp(String.raw`^(?:${ADDRESS}(?:,\+?${ADDRESS})?)?[pq=]$`);

/** Whether a sed script only selects lines: `1,80p`, `/from/,/to/p`, `20q`. */
export const isSelectingLines = (script: string): boolean =>
  script.split(/[;\n]/).every((command) => PRINTING.test(command.trim()));

/** The tests and actions of find that only look: those without a value, and those with one. */
const FIND_WORDS = new Set([
  '!',
  '(',
  ')',
  '-not',
  '-a',
  '-o',
  '-and',
  '-or',
  '-true',
  '-false',
  '-empty',
  '-prune',
  '-print',
  '-print0',
  '-ls',
  '-xdev',
  '-mount',
  '-depth',
  '-follow',
  '-readable',
  '-writable',
  '-executable',
]);
const FIND_VALUES = new Set([
  '-name',
  '-iname',
  '-path',
  '-ipath',
  '-wholename',
  '-regex',
  '-iregex',
  '-regextype',
  '-lname',
  '-type',
  '-maxdepth',
  '-mindepth',
  '-size',
  '-newer',
  '-mtime',
  '-mmin',
  '-atime',
  '-amin',
  '-ctime',
  '-cmin',
  '-perm',
  '-user',
  '-group',
  '-links',
  '-inum',
  '-printf',
]);

/** Where find looks, and for which name; null if it may do more than look. */
export function readFind(args: readonly string[]): { places: string[]; name?: string } | null {
  const start = args.findIndex((arg) => /^[-(!]/.test(arg));
  const places = start < 0 ? [...args] : args.slice(0, start);
  let name: string | undefined;
  for (let at = places.length; at < args.length; at += 1) {
    const word = args[at] ?? '';
    if (word === '-name' || word === '-iname') name ??= args[at + 1];
    if (FIND_VALUES.has(word)) at += 1;
    else if (!FIND_WORDS.has(word)) return null;
  }
  return { places, ...(name !== undefined && { name }) };
}
