import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { System } from '@saas-codex/testing/system';

interface LoggedStream {
  path: string;
  from: number;
  to: number;
}

interface LogLine {
  time?: number;
  responseTime?: number;
  req?: { path?: string };
}

/** The event streams that a system's gateway has served, and closed after this time. */
export function eventStreams({ dataDir }: System, since: number): LoggedStream[] {
  const lines = readFileSync(join(dataDir, 'logs/gateway.log'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{'));
  return lines.flatMap((line) => {
    const { time = 0, responseTime = 0, req } = JSON.parse(line) as LogLine;
    const path = req?.path ?? '';
    return path.endsWith('/events') && time >= since ? [{ path, from: time - responseTime, to: time }] : [];
  });
}

export const mostAtOnce = (streams: readonly LoggedStream[]): number =>
  Math.max(
    ...streams.map(({ from }) => streams.filter((other) => other.from <= from && from < other.to).length),
  );
