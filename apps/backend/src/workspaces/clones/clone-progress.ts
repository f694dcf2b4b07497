/** How far a clone is. `percent` is null where git does not say. */
interface CloneProgress {
  phase: 'resolving' | 'fetching' | 'checking_out';
  percent: number | null;
}
export type OnCloneProgress = (progress: CloneProgress) => void;

/** What the stderr of one git command has reported so far. */
interface GitProgress {
  /** 0–100, never falling. */
  percent: number;
  /** Bytes received from a remote. */
  received: number;
}

const UNITS: Record<string, number> = { bytes: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };
const LINE = /^([A-Z][a-z ]+):\s+(\d{1,3})% \(\d+\/\d+\)(?:, ([\d.]+) (bytes|[KMG]iB))?/;

/** git's own stages, and the part of the whole that each of them is. */
const STAGES: Record<string, { from: number; to: number }> = {
  'Receiving objects': { from: 0, to: 80 },
  'Resolving deltas': { from: 80, to: 100 },
  // Of a few objects, which git does not keep in a pack.
  'Unpacking objects': { from: 0, to: 100 },
  'Updating files': { from: 0, to: 100 },
};

/** Parses the progress lines that git writes to stderr. They end in \r and may arrive in pieces. */
export function progressReader(onProgress: (progress: GitProgress) => void): (text: string) => void {
  let rest = '';
  let last: GitProgress = { percent: 0, received: 0 };
  return (text) => {
    const lines = (rest + text).split(/[\r\n]/);
    rest = (lines.pop() ?? '').slice(-200);
    for (const line of lines) {
      const next = readLine(line, last);
      if (next.percent === last.percent && next.received === last.received) continue;
      last = next;
      onProgress(next);
    }
  };
}

function readLine(line: string, last: GitProgress): GitProgress {
  const [, name = '', percent, amount, unit = ''] = LINE.exec(line) ?? [];
  const stage = STAGES[name];
  if (!stage) return last;
  const reached = stage.from + Math.floor(((stage.to - stage.from) * Number(percent)) / 100);
  const received = amount === undefined ? 0 : Number(amount) * (UNITS[unit] ?? 1);
  return { percent: Math.max(last.percent, reached), received: Math.max(last.received, received) };
}
