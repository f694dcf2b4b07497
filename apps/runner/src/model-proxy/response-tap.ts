/*
 * Reads a model's response while it is streamed to Codex. The bytes are forwarded unchanged, and the tap reads a copy.
 *
 *   upstream ──── bytes ────► Codex
 *                   └─ copy ─► events ─► usage, failure
 */
import { StringDecoder } from 'node:string_decoder';
import type { Usage } from '@saas-codex/contracts/runs';
import { createParser } from 'eventsource-parser';
import { z } from 'zod';
import type { ErrorFields } from './model-error.js';

/** A longer event is skipped. Only `response.completed` is nearly as long, when it repeats the whole response. */
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

const failure = z.object({
  message: z.string().nullish(),
  type: z.string().nullish(),
  code: z.string().nullish(),
});

const TappedEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('response.completed'), response: z.object({ usage: UsageFields.nullish() }) }),
  z.object({ type: z.literal('response.incomplete'), response: z.object({ usage: UsageFields.nullish() }) }),
  z.object({
    type: z.literal('response.failed'),
    response: z.object({ error: failure.nullish(), usage: UsageFields.nullish().catch(null) }),
  }),
  z.object({
    type: z.literal('error'),
    error: failure.optional(),
    message: z.string().nullish(),
    code: z.string().nullish(),
  }),
]);
type TappedEvent = z.infer<typeof TappedEvent>;

const TAPPED_TYPES = TappedEvent.options.map((option) => `"${option.shape.type.value}"`);

/** An event that carries a part of the answer. A text that quotes one counts as well. */
const OUTPUT_EVENT = /"type":\s?"response\.(output|reasoning|content|function_call|custom_tool)/;

export interface TapListener {
  onUsage(usage: Usage): void;
  onFailure(error: ErrorFields): void;
}

export class ResponseTap {
  private readonly decoder = new StringDecoder('utf8');
  private ended = false;
  private output = false;
  private readonly parser = createParser({
    maxBufferSize: MAX_EVENT_CHARS,
    // Most events are not parsed: their JSON would be the tap's largest cost.
    onEvent: ({ data }) => {
      this.output ||= OUTPUT_EVENT.test(data);
      if (TAPPED_TYPES.some((type) => data.includes(type))) this.readEvent(data);
    },
    onError: ({ type }) => {
      if (type === 'max-buffer-size-exceeded') this.parser.reset();
    },
  });

  constructor(private readonly listener: TapListener) {}

  /** Whether the response has said how it ended. */
  get complete(): boolean {
    return this.ended;
  }

  /** Whether the model has begun to answer. */
  get hasOutput(): boolean {
    return this.output;
  }

  readChunk(chunk: Buffer): void {
    this.parser.feed(this.decoder.write(chunk));
  }

  private readEvent(text: string): void {
    const event = parseEvent(text);
    switch (event?.type) {
      case undefined:
        return;
      case 'response.completed':
      case 'response.incomplete':
        this.ended = true;
        if (event.response.usage) this.listener.onUsage(event.response.usage);
        return;
      case 'response.failed':
        if (event.response.usage) this.listener.onUsage(event.response.usage);
        return this.reportFailure(event.response.error);
      case 'error':
        return this.reportFailure(event.error ?? event);
    }
  }

  private reportFailure(error: z.infer<typeof failure> | null | undefined): void {
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
