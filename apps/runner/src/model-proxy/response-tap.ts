/**
 * Reads a model's answer while it passes through: the bytes go on unchanged, and this tap reads a copy.
 *
 *   upstream ──── bytes ────► Codex
 *                   └─ copy ─► events ─► text deltas, usage, failure
 *
 * Pieces of one text that arrive in one chunk are joined, so that a network packet gives one delta per text.
 */
import { StringDecoder } from 'node:string_decoder';
import type { Usage } from '@saas-codex/contracts/runs';
import { createParser } from 'eventsource-parser';
import { z } from 'zod';
import type { ModelDelta } from './model-access.js';
import type { ErrorFields } from './model-error.js';

/** A longer event is not read. Only `response.completed` comes near, when it repeats the whole answer. */
const MAX_EVENT_CHARS = 16 * 1024 * 1024;

const count = z.int().nonnegative().catch(0);
const UsageFields = z
  .object({
    input_tokens: count,
    input_tokens_details: z.object({ cached_tokens: count }).nullish(),
    output_tokens: count,
    output_tokens_details: z.object({ reasoning_tokens: count }).nullish(),
  })
  .transform((usage): Usage => ({
    input_tokens: usage.input_tokens,
    cached_input_tokens: usage.input_tokens_details?.cached_tokens ?? 0,
    output_tokens: usage.output_tokens,
    reasoning_output_tokens: usage.output_tokens_details?.reasoning_tokens ?? 0,
  }));

const growing = { item_id: z.string().optional(), output_index: z.int().optional() };
const failure = z.object({
  message: z.string().nullish(),
  type: z.string().nullish(),
  code: z.string().nullish(),
});

const TappedEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('response.output_text.delta'), delta: z.string(), ...growing }),
  z.object({ type: z.literal('response.reasoning_summary_text.delta'), delta: z.string(), ...growing }),
  z.object({
    type: z.literal('response.reasoning_summary_part.added'),
    summary_index: z.int().catch(0),
    ...growing,
  }),
  z.object({ type: z.literal('response.completed'), response: z.object({ usage: UsageFields.nullish() }) }),
  z.object({ type: z.literal('response.incomplete'), response: z.object({ usage: UsageFields.nullish() }) }),
  z.object({ type: z.literal('response.failed'), response: z.object({ error: failure.nullish() }) }),
  z.object({
    type: z.literal('error'),
    error: failure.optional(),
    message: z.string().nullish(),
    code: z.string().nullish(),
  }),
]);
type TappedEvent = z.infer<typeof TappedEvent>;

const TAPPED_TYPES = TappedEvent.options.map((option) => `"${option.shape.type.value}"`);

export interface TapListener {
  onDelta(delta: ModelDelta): void;
  onUsage(usage: Usage): void;
  onFailure(error: ErrorFields): void;
}

export class ResponseTap {
  private readonly decoder = new StringDecoder('utf8');
  private texts = new Map<string, ModelDelta>();
  private ended = false;
  private readonly parser = createParser({
    maxBufferSize: MAX_EVENT_CHARS,
    // Most events are not read at all: parsing their JSON would be the tap's largest cost.
    onEvent: ({ data }) => {
      if (TAPPED_TYPES.some((type) => data.includes(type))) this.readEvent(data);
    },
    onError: ({ type }) => {
      if (type === 'max-buffer-size-exceeded') this.parser.reset();
    },
  });

  /** @param answer number of this answer within its run, for streams whose items have no ids */
  constructor(
    private readonly answer: number,
    private readonly listener: TapListener,
  ) {}

  /** True once the answer has said how it ended. */
  get complete(): boolean {
    return this.ended;
  }

  push(chunk: Buffer): void {
    this.parser.feed(this.decoder.write(chunk));
    this.flush();
  }

  private readEvent(text: string): void {
    const event = parseEvent(text);
    switch (event?.type) {
      case undefined:
        return;
      case 'response.output_text.delta':
        return this.grow('agent_message', event, event.delta);
      case 'response.reasoning_summary_text.delta':
        return this.grow('reasoning', event, event.delta);
      case 'response.reasoning_summary_part.added':
        return event.summary_index > 0 ? this.grow('reasoning', event, '\n\n') : undefined;
      case 'response.completed':
      case 'response.incomplete':
        this.ended = true;
        if (event.response.usage) this.listener.onUsage(event.response.usage);
        return;
      case 'response.failed':
        return this.fail(event.response.error);
      case 'error':
        return this.fail(event.error ?? event);
    }
  }

  private grow(
    itemType: ModelDelta['itemType'],
    at: { item_id?: string; output_index?: number },
    text: string,
  ): void {
    const streamId = at.item_id ?? `${this.answer}.${at.output_index ?? 0}`;
    const grown = this.texts.get(streamId);
    if (grown) grown.text += text;
    else this.texts.set(streamId, { itemType, streamId, text });
  }

  private flush(): void {
    if (this.texts.size === 0) return;
    const texts = [...this.texts.values()];
    this.texts = new Map();
    for (const delta of texts) if (delta.text !== '') this.listener.onDelta(delta);
  }

  private fail(error: z.infer<typeof failure> | null | undefined): void {
    this.ended = true;
    this.listener.onFailure({
      message: error?.message ?? '',
      type: error?.type ?? '',
      code: error?.code ?? null,
    });
  }
}

function parseEvent(text: string): TappedEvent | undefined {
  try {
    return TappedEvent.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
