import { PromptImage } from '@saas-codex/contracts/images';
import { ReasoningEffort } from '@saas-codex/contracts/models';
import { z } from 'zod';
import type { OutgoingPrompt } from '../../entities/run/api/prompt-session.js';
import { drafts } from '../../shared/lib/drafts.js';
import { randomId } from '../../shared/lib/random-id.js';

/*
 * The prompts of a session that were sent and not answered yet. The composer is empty by then, so they are kept until the
 * answer: a page that is reloaded or crashes meanwhile gives them back.
 *
 *     composer ── send ──► sent ── 2xx ──► forgotten
 *         ▲                 └── refused, or its page is gone ──┐
 *         └───────────── the text, and the key in `returned` ◄─┘
 *
 * A prompt that came back and is sent again unchanged has the same key: if the first attempt did arrive, it still runs once.
 */
const SentPrompt = z.object({
  prompt: z.string(),
  images: z.array(PromptImage).readonly().default([]),
  idempotencyKey: z.string(),
  model: z.string().optional(),
  effort: ReasoningEffort.optional(),
  /** The run that it is a message to. Left out: it is a prompt of its own. */
  steers: z.string().optional(),
  /** In milliseconds since 1970. */
  at: z.number(),
  /** The page that has sent it: its tab, and which load of it. */
  page: z.string(),
  /** Its text is in the composer again. */
  returned: z.boolean(),
});
type SentPrompt = z.infer<typeof SentPrompt>;
type Outgoing = OutgoingPrompt & Pick<SentPrompt, 'steers'>;
const SentPrompts = z.array(SentPrompt).catch([]);

const PAGE = `${tabId()}/${randomId()}`;
/** A request of another tab has been answered by then. */
const OTHER_PAGE_MS = 120_000;

const idsOf = (images: readonly PromptImage[]): string => images.map(({ image_id: id }) => id).join();

const nameOf = (sessionId: string) => `sent/${sessionId}`;

function read(sessionId: string): SentPrompt[] {
  try {
    return SentPrompts.parse(JSON.parse(drafts.read(nameOf(sessionId)) || '[]'));
  } catch {
    return [];
  }
}

const write = (sessionId: string, sent: readonly SentPrompt[]): void =>
  drafts.write(nameOf(sessionId), sent.length === 0 ? '' : JSON.stringify(sent));

const without = (sessionId: string, key: string) =>
  read(sessionId).filter(({ idempotencyKey }) => idempotencyKey !== key);

export const sentPrompts = {
  /** Before it is sent. What had come back is now either this prompt or given up. */
  keep: (sessionId: string, outgoing: Outgoing): void =>
    write(sessionId, [
      ...without(sessionId, outgoing.idempotencyKey).filter(({ returned }) => !returned),
      { ...outgoing, at: Date.now(), page: PAGE, returned: false },
    ]),

  /** It was answered. */
  forget: (sessionId: string, { idempotencyKey }: Pick<Outgoing, 'idempotencyKey'>): void =>
    write(sessionId, without(sessionId, idempotencyKey)),

  /** Its text is in the composer again. */
  giveBack: (sessionId: string, { idempotencyKey }: Pick<Outgoing, 'idempotencyKey'>): void =>
    write(
      sessionId,
      read(sessionId).map((one) =>
        one.idempotencyKey === idempotencyKey ? { ...one, returned: true } : one,
      ),
    ),

  /** What came back and is exactly this. */
  returned: (
    sessionId: string,
    { prompt, images, model, effort, steers }: Omit<Outgoing, 'idempotencyKey'>,
  ): OutgoingPrompt | undefined => {
    const found = read(sessionId).find(
      (one) =>
        one.returned &&
        one.prompt === prompt &&
        one.model === model &&
        one.effort === effort &&
        one.steers === steers &&
        idsOf(one.images) === idsOf(images),
    );
    return found && { prompt, images, model, effort, idempotencyKey: found.idempotencyKey };
  },

  /** Those whose page is gone, so that nobody waits for their answer. */
  abandoned: (sessionId: string): OutgoingPrompt[] =>
    read(sessionId).filter(({ returned, page, at }) => {
      if (returned || page === PAGE) return false;
      const isOfThisTab = page.split('/')[0] === PAGE.split('/')[0];
      return isOfThisTab || Date.now() - at > OTHER_PAGE_MS;
    }),
};

/** It stays the same when the page is reloaded. */
function tabId(): string {
  const id = randomId();
  try {
    const known = sessionStorage.getItem('tab');
    if (known === null) sessionStorage.setItem('tab', id);
    return known ?? id;
  } catch {
    return id;
  }
}
