import './support/browser-globals.js';
import type { AuditEntry } from '@saas-codex/contracts/audit';
import type { AuditWebhook } from '@saas-codex/contracts/audit-webhook';
import type { Role } from '@saas-codex/contracts/permissions';
import { SettingsPageBody } from '../src/app/settings/settings-layout.js';
import { settingsPage } from '../src/app/settings/settings-pages.js';
import { auditExportUrl, auditQuery } from '../src/features/settings/api/audit.js';
import { auditWebhookQuery } from '../src/features/settings/api/audit-webhook.js';
import { NO_FILTER, toAuditFilters } from '../src/features/settings/audit-filters.js';
import { AuditPage } from '../src/features/settings/audit-page.js';
import { pageOf, setAnswer, showAs } from './support/show-as.js';

/** What the page of the audit log shows, by the person's role and what the server has answered. */

const ENTRY: AuditEntry = {
  entry_id: '01a20ab5-ae54-7856-92ea-c8912e0f8d29',
  at: '2026-11-23T09:00:00.000Z',
  action: 'member.role_changed',
  outcome: 'done',
  problem: null,
  count: 1,
  actor: { kind: 'person', id: 'a', name: 'Ada' },
  credential: { kind: 'cookie', id: 'c', name: null },
  address: '203.0.113.7',
  user_agent: null,
  request_id: 'r',
  target: { kind: 'member', id: 'g', name: 'Grace' },
  changes: { role: { old: 'member', new: 'admin' } },
};

/** What the server says of the webhook. */
let webhook: AuditWebhook | null = null;

const show = (as: Role, answer: AuditEntry[] | Error | 'none yet', element = <AuditPage />) =>
  showAs(as, element, (client) => {
    client.setQueryData(auditWebhookQuery.queryKey, { webhook });
    setAnswer(client, auditQuery(toAuditFilters(NO_FILTER)).queryKey, pageOf(answer));
  });

it.each(['member', 'viewer'] as const)(
  'tells a %s who reads the audit log, and shows nothing of it',
  (as) => {
    const page = settingsPage('audit');
    const html = show(as, 'none yet', page && <SettingsPageBody page={page} />);
    expect(html).toContain('Admins and owners read the audit log.');
    expect(html).not.toMatch(/<(button|input|select|a)\b/);
  },
);

it('says who did what to whom, that it was refused, and how often', () => {
  const html = show('admin', [
    ENTRY,
    {
      ...ENTRY,
      entry_id: '01a20ab5-ae54-7856-92ea-c8912e0f8d30',
      action: 'access.refused',
      outcome: 'refused',
      count: 12,
      target: { kind: 'operation', id: 'removeMember', name: null },
    },
  ]);
  for (const text of ['Member role changed', 'Grace', 'Ada', 'Access refused', 'removeMember', '12 times'])
    expect(html).toContain(text);
});

it('says that nothing has happened yet, and nothing of that while it loads or cannot be read', () => {
  expect(show('owner', [])).toContain('Nothing yet');
  expect(show('owner', 'none yet')).not.toContain('Nothing yet');
  const failed = show('owner', new Error('The server is away.'));
  expect(failed).toContain('Try again');
  expect(failed).not.toContain('Nothing yet');
});

it('filters by whole days, both included, and exports what the filters leave', () => {
  const filters = toAuditFilters({ ...NO_FILTER, kind: 'member', from: '2026-11-23', to: '2026-11-23' });
  expect(Date.parse(filters.to ?? '') - Date.parse(filters.from ?? '')).toBe(24 * 60 * 60 * 1000);
  const url = new URL(auditExportUrl(filters, 'csv'), 'http://localhost');
  expect(Object.fromEntries(url.searchParams)).toEqual({
    format: 'csv',
    action: 'member',
    from: filters.from,
    to: filters.to,
  });
});

it('asks for the address of a webhook, and says where entries go and why they wait', () => {
  webhook = null;
  expect(show('admin', [])).toContain('Send entries there');
  webhook = {
    url: 'https://siem.example.com/hook',
    waiting: 1_200,
    last_delivered_at: null,
    failing_since: '2026-11-23T09:00:00.000Z',
    last_error: 'The receiver answered 503.',
    next_attempt_at: '2026-11-23T09:00:05.000Z',
  };
  const html = show('admin', []);
  webhook = null;
  for (const text of [
    'https://siem.example.com/hook',
    '1,200 waiting',
    'The receiver answered 503.',
    'Send a test',
  ])
    expect(html).toContain(text);
  expect(html).not.toContain('Send entries there');
});
