import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import type { PromptImage } from '@saas-codex/contracts/images';

/** The storage of one browser, for all its tabs. */
const kept = new Map<string, string>();
const storage = new Proxy(
  {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  },
  {
    ownKeys: () => [...kept.keys()],
    getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
  },
);
Object.defineProperty(globalThis, 'localStorage', { value: storage, configurable: true });
Object.defineProperty(globalThis, 'sessionStorage', { value: storage, configurable: true });

/** A page that is loaded: its modules are new, what the browser keeps is not. */
async function openPage() {
  jest.resetModules();
  const { drafts } = await import('../../../src/shared/lib/drafts.js');
  const { sentPrompts } = await import('../../../src/features/composer/sent-prompts.js');
  const images = await import('../../../src/entities/run/images/image-drafts.js');
  return { drafts, sentPrompts, ...images };
}

beforeEach(() => kept.clear());

it('keeps what a person types over reloads, also on a page that cannot ask who they are', async () => {
  const before = await openPage();
  before.drafts.belongTo('ada');
  before.drafts.write('prompt/1', 'Hello');
  expect((await openPage()).drafts.read('prompt/1')).toBe('Hello');
  before.drafts.write('prompt/1', '');
  expect((await openPage()).drafts.read('prompt/1')).toBe('');
  expect([...kept.keys()].filter((key) => key.startsWith('draft:'))).toEqual([]);
});

it('gives nobody the drafts of another person, and them back to who signs in again', async () => {
  const { drafts } = await openPage();
  drafts.belongTo('ada');
  drafts.write('prompt/1', 'Hello');
  drafts.belongTo('ben');
  expect(drafts.read('prompt/1')).toBe('');
  drafts.write('prompt/1', 'Hi');
  drafts.belongTo('ada');
  expect(drafts.read('prompt/1')).toBe('Hello');
});

it('removes the drafts of who signs out, and nothing else', async () => {
  const { drafts } = await openPage();
  kept.set('theme', 'dark');
  drafts.belongTo('ben');
  drafts.write('prompt/1', 'Hi');
  drafts.belongTo('ada');
  drafts.write('prompt/1', 'Hello');
  drafts.forget();
  expect(drafts.read('prompt/1')).toBe('');
  expect([...kept].filter(([key]) => key !== 'tab').toSorted(([a], [b]) => (a < b ? -1 : 1))).toEqual([
    ['draft:ben:prompt/1', 'Hi'],
    ['theme', 'dark'],
  ]);
});

const IMAGE: PromptImage = { image_id: randomUUID(), media_type: 'image/png', bytes: 9, width: 3, height: 2 };

it('gives images back in front of those that were attached meanwhile, each once', async () => {
  const { drafts, giveImagesBack } = await openPage();
  drafts.belongTo('ada');
  const [second, third] = [
    { ...IMAGE, image_id: randomUUID() },
    { ...IMAGE, image_id: randomUUID() },
  ];
  giveImagesBack('1', [second, third]);
  giveImagesBack('1', [IMAGE, third]);
  const again = await openPage();
  expect(JSON.parse(again.drafts.read('images/1'))).toEqual([IMAGE, third, second]);
  again.changeImageDraft('1', () => []);
  expect([...kept.keys()].filter((key) => key.includes('images/'))).toEqual([]);
});

it('gives a prompt back whose page went away before the answer, with its key as long as the text is the same', async () => {
  const outgoing = { prompt: 'Explain it', images: [IMAGE], idempotencyKey: 'k' };
  const first = await openPage();
  first.drafts.belongTo('ada');
  first.sentPrompts.keep('1', outgoing);
  expect(first.sentPrompts.abandoned('1')).toEqual([]);
  const { sentPrompts } = await openPage();
  expect(sentPrompts.abandoned('1')).toEqual([expect.objectContaining(outgoing)]);
  sentPrompts.giveBack('1', outgoing);
  expect(sentPrompts.abandoned('1')).toEqual([]);
  expect(sentPrompts.returned('1', outgoing)).toMatchObject(outgoing);
  expect(sentPrompts.returned('1', { ...outgoing, prompt: 'Explain that' })).toBeUndefined();
  // The same text as a message to a run that works is not that prompt.
  expect(sentPrompts.returned('1', { ...outgoing, steers: 'run' })).toBeUndefined();
  expect(sentPrompts.returned('1', { ...outgoing, effort: 'high' })).toBeUndefined();
  expect(sentPrompts.returned('1', { ...outgoing, images: [] })).toBeUndefined();
  sentPrompts.keep('1', { prompt: 'Another', images: [], idempotencyKey: 'l' });
  expect(sentPrompts.returned('1', outgoing)).toBeUndefined();
});

it('forgets a prompt that was answered, and leaves that of another tab to it', async () => {
  const outgoing = { prompt: 'Explain it', images: [IMAGE], idempotencyKey: 'k' };
  const first = await openPage();
  first.drafts.belongTo('ada');
  first.sentPrompts.keep('1', outgoing);
  kept.delete('tab');
  expect((await openPage()).sentPrompts.abandoned('1')).toEqual([]);
  first.sentPrompts.forget('1', outgoing);
  expect((await openPage()).sentPrompts.abandoned('1')).toEqual([]);
  expect([...kept.keys()].filter((key) => key.includes('sent/'))).toEqual([]);
});
