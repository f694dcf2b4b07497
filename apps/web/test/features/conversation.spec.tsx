import '../support/browser-globals.js';
import { permissionsOf } from '@saas-codex/contracts/permissions';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { promptFor } from '../../src/entities/timeline/items/finding-prompt.js';
import { splitAnswer } from '../../src/entities/timeline/present.js';
import { Meter } from '../../src/features/conversation/context-meter.js';
import { StopReport } from '../../src/features/conversation/stop-report.js';
import { meQuery } from '../../src/shared/api/get-me.js';
import { foldAll, logged, started } from '../entities/timeline/timeline.fixtures.js';

/** Rows of the conversation that few runs have. */

function show(element: ReactElement): string {
  const client = new QueryClient();
  client.setQueryData(meQuery.queryKey, {
    user: { user_id: 'u', name: 'Ada', email: 'ada@example.com' },
    tenant: { tenant_id: 't', name: 'Acme' },
    role: 'member',
    permissions: permissionsOf('member'),
  });
  const html = renderToStaticMarkup(<QueryClientProvider client={client}>{element}</QueryClientProvider>);
  client.clear();
  return html;
}

it.each([
  [3, 1, 'Stopped: 3 processes and 1 connection ended.'],
  [1, 0, 'Stopped: 1 process ended.'],
  [0, 2, 'Stopped: 2 connections ended.'],
])(
  'says what ended with a run that was stopped: %s processes, %s connections',
  (processes, connections, text) => {
    expect(show(<StopReport stopped={{ processes, connections }} />)).toContain(text);
  },
);

it('says nothing where nothing was at work', () => {
  expect(show(<StopReport stopped={{ processes: 0, connections: 0 }} />)).toBe('');
});

it('says how full the context is, in words and numbers', () => {
  const context = { used_tokens: 98_000, window_tokens: 258_400 };
  const html = show(<Meter context={context} onCompact={null} />);
  expect(html).toContain('38 % of the context in use: 98,000 of 258,400 tokens');
  expect(html).not.toContain('Compact');
  expect(show(<Meter context={context} onCompact={() => undefined} />)).toContain('Compact…');
});

const FINDING = {
  title: 'Keep one',
  text: 'It was one.',
  priority: 1,
  path: 'a.txt',
  first_line: 3,
  last_line: 4,
};

it('shows a review as the answer of its run, and knows the context', () => {
  const review = { id: 'r', type: 'review', text: 'One mistake.', findings: [FINDING] };
  const timeline = foldAll(
    started,
    logged('2', 'item.completed', { item: { id: 'c', type: 'context_compaction', status: 'completed' } }),
    logged('3', 'item.completed', { item: review }),
    logged('4', 'context.updated', { used_tokens: 1, window_tokens: 2 }),
  );
  const { work, answer } = splitAnswer(timeline.entries);
  expect(work).toHaveLength(1);
  expect(answer).toMatchObject({ item: { known: true, value: review } });
  expect(timeline.context).toEqual({ used_tokens: 1, window_tokens: 2 });
});

it('puts file, lines and text of a finding into the prompt that has it fixed', () => {
  expect(promptFor(FINDING)).toBe('Fix this in a.txt, lines 3 to 4: Keep one\n\nIt was one.');
  expect(promptFor({ ...FINDING, text: '', last_line: 3 })).toBe('Fix this in a.txt, line 3: Keep one');
});
