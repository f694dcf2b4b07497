import '../support/browser-globals.js';
import { renderToStaticMarkup } from 'react-dom/server';
import { StopReport } from '../../src/features/conversation/stop-report.js';

/** Rows of the conversation that few runs have. */

it.each([
  [3, 1, 'Stopped: 3 processes and 1 connection ended.'],
  [1, 0, 'Stopped: 1 process ended.'],
  [0, 2, 'Stopped: 2 connections ended.'],
])(
  'says what ended with a run that was stopped: %s processes, %s connections',
  (processes, connections, text) => {
    expect(renderToStaticMarkup(<StopReport stopped={{ processes, connections }} />)).toContain(text);
  },
);

it('says nothing where nothing was at work', () => {
  expect(renderToStaticMarkup(<StopReport stopped={{ processes: 0, connections: 0 }} />)).toBe('');
});
