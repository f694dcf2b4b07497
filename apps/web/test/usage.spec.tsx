import './support/browser-globals.js';
import { type LimitsOverview, NO_LIMITS } from '@saas-codex/contracts/limits';
import type { QueryClient } from '@tanstack/react-query';
import type { Spent, SpentReport } from '@saas-codex/contracts/usage';
import type { ReactElement } from 'react';
import { limitsQuery, spentQuery } from '../src/features/settings/api/limits.js';
import { LimitsSection } from '../src/features/settings/usage/limits-section.js';
import { SpentSection } from '../src/features/settings/usage/spent-section.js';
import { showAs } from './support/show-as.js';

/** What the page of limits and usage shows, by what the server has answered. */

const CEILINGS = { ...NO_LIMITS, tenant: { ...NO_LIMITS.tenant, micro_usd_per_month: 500_000_000 } };
const OVERVIEW: LimitsOverview = {
  limits: CEILINGS,
  defaults: CEILINGS,
  ceilings: CEILINGS,
  standings: [
    {
      scope: 'tenant',
      unit: 'micro_usd',
      period: 'month',
      cap: 500_000_000,
      used: 0,
      reserved: 0,
      set_by: 'operator',
    },
  ],
  disk: { used_bytes: 0, quota_bytes: null },
};

const show = (element: ReactElement, fill: (client: QueryClient) => void) => showAs('admin', element, fill);

it('says which limits the operator of the installation has set', () => {
  const shown = (overview: LimitsOverview) =>
    show(<LimitsSection />, (client) => client.setQueryData(limitsQuery.queryKey, overview));
  const html = shown(OVERVIEW);
  expect(html).toContain('Set by the operator of this installation: at most $500.00 a month.');
  expect(html).toContain('set by the operator of this installation');
  const { ceilings: _, ...older } = OVERVIEW;
  expect(shown({ ...older, standings: [] })).not.toContain('operator');
});

it('draws a chart of what was spent, and says so when all of it cost nothing', () => {
  const spent: Spent = {
    calls: 2,
    input_tokens: 10,
    cached_input_tokens: 0,
    output_tokens: 5,
    reasoning_output_tokens: 0,
    tokens: 15,
    micro_usd: 0,
  };
  const shown = (total: Spent) => {
    const report: SpentReport = {
      from: '2026-11-01',
      to: '2026-11-02',
      of: 'everyone',
      total,
      by_day: [{ day: '2026-11-01', ...total }],
      by_person: [],
      by_repository: [],
      by_model: [{ model: 'm', ...total }],
    };
    return show(<SpentSection />, (client) => client.setQueryData(spentQuery(30).queryKey, report));
  };
  const free = shown(spent);
  expect(free).toContain('All calls of this time cost $0.00');
  expect(free).not.toContain('<svg viewBox');
  const priced = shown({ ...spent, micro_usd: 1_000_000 });
  expect(priced).not.toContain('All calls of this time cost');
  expect(priced).toContain('Each day');
});
