import type { Stopped } from '@saas-codex/contracts/events';

/** What was still at work when a run was stopped; nothing if that was nothing. */
export function StopReport({ stopped: { processes, connections } }: { stopped: Stopped }) {
  const ended = [
    counted(processes, 'process', 'processes'),
    counted(connections, 'connection', 'connections'),
  ]
    .filter((text) => text !== null)
    .join(' and ');
  return ended && <p className="py-1 text-sm text-muted-foreground">{`Stopped: ${ended} ended.`}</p>;
}

const counted = (count: number, one: string, many: string): string | null =>
  count > 0 ? `${count.toLocaleString()} ${count === 1 ? one : many}` : null;
