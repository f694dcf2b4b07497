import type { Session } from '@saas-codex/contracts/sessions';
import { groupSessions } from '../../../src/features/sidebar/group-sessions.js';

const now = new Date(2026, 2, 15, 10, 0).getTime();
const at = (...parts: [number, number, number, number, number]) =>
  ({ status: 'ready', updated_at: new Date(...parts).toISOString() }) as Session;

const labels = (...sessions: Session[]) => groupSessions(sessions, now).map(({ label }) => label);

describe('groupSessions', () => {
  it('groups by calendar days, not by 24 hours', () => {
    expect(labels(at(2026, 2, 15, 0, 1), at(2026, 2, 14, 23, 59))).toEqual(['Today', 'Yesterday']);
  });

  it('puts older sessions into larger groups', () => {
    const sessions = [
      at(2026, 2, 9, 12, 0),
      at(2026, 2, 8, 12, 0),
      at(2026, 1, 1, 12, 0),
      at(2025, 11, 24, 12, 0),
    ];
    const [week, month, february, december] = labels(...sessions);
    expect([week, month]).toEqual(['Last 7 days', 'Last 30 days']);
    expect(february).not.toMatch(/2026/);
    expect(december).toMatch(/2025/);
  });

  it('puts what waits for the reader first, then what is in progress, however old it is', () => {
    const today = at(2026, 2, 15, 9, 0);
    const old = at(2026, 1, 1, 12, 0);
    const running: Session = { ...today, session_id: 'running', active_run_id: 'r' };
    const provisioning: Session = { ...old, session_id: 'new', status: 'provisioning' };
    const failed: Session = { ...today, session_id: 'failed', status: 'failed' };
    const held: Session = { ...today, session_id: 'held', queue_held: true, queued_runs: 1 };
    const farDown: Session = { ...old, session_id: 'old', queue_held: true };
    expect(groupSessions([running, held, provisioning, failed], now, [held, farDown])).toEqual([
      { label: 'Needs you', sessions: [held, farDown] },
      { label: 'In progress', sessions: [running, provisioning] },
      { label: 'Today', sessions: [failed] },
    ]);
  });

  it('keeps the order and puts a date in the future under Today', () => {
    const groups = groupSessions([at(2026, 2, 16, 1, 0), at(2026, 2, 15, 9, 0)], now);
    expect(groups).toHaveLength(1);
    expect(groups[0]?.sessions).toHaveLength(2);
  });
});
