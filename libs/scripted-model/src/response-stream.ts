import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { tokensOf } from './turn.js';

const id = (prefix: string) => `${prefix}_${randomUUID().replaceAll('-', '')}`;

/** One response of the Responses API as server-sent events, in OpenAI's order. */
export class ResponseStream {
  private readonly responseId = id('resp');
  private sequence = 0;
  private outputIndex = -1;
  private outputChars = 0;
  private reasoningChars = 0;

  constructor(
    private readonly res: ServerResponse,
    private readonly model: string,
    private readonly pace: number,
    /** Ends every wait when Codex disconnects. */
    readonly signal: AbortSignal,
  ) {}

  get isOpen(): boolean {
    return this.res.headersSent;
  }

  private async ensureOpen(): Promise<void> {
    if (this.isOpen) return;
    this.res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    await this.sendEvent('response.created', { response: this.response('in_progress') });
  }

  /** Waits, scaled by the pace. @param ms duration at pace 1 */
  async wait(ms: number): Promise<void> {
    if (this.pace > 0) await this.sleep(ms * this.pace);
  }

  /** Waits for the same time at any pace. */
  async sleep(ms: number): Promise<void> {
    if (ms > 0) await delay(ms, undefined, { signal: this.signal });
  }

  /** Streams a message. `chunks` may be endless. */
  async sendMessage(chunks: Iterable<string>, afterChunk: () => Promise<void>): Promise<void> {
    const item = { id: id('msg'), type: 'message', role: 'assistant' };
    await this.beginItem({ ...item, status: 'in_progress', content: [] });
    const at = { item_id: item.id, output_index: this.outputIndex, content_index: 0 };
    await this.sendEvent('response.content_part.added', {
      ...at,
      part: { type: 'output_text', text: '', annotations: [] },
    });
    let text = '';
    for (const chunk of chunks) {
      await this.sendEvent('response.output_text.delta', { ...at, delta: chunk });
      text += chunk;
      await afterChunk();
    }
    this.outputChars += text.length;
    await this.sendEvent('response.output_text.done', { ...at, text });
    await this.finishItem({
      ...item,
      status: 'completed',
      content: [{ type: 'output_text', text, annotations: [] }],
    });
  }

  async sendReasoning(chunks: Iterable<string>, afterChunk: () => Promise<void>): Promise<void> {
    const item = { id: id('rs'), type: 'reasoning' };
    await this.beginItem({ ...item, summary: [] });
    const at = { item_id: item.id, output_index: this.outputIndex, summary_index: 0 };
    await this.sendEvent('response.reasoning_summary_part.added', {
      ...at,
      part: { type: 'summary_text', text: '' },
    });
    let text = '';
    for (const chunk of chunks) {
      await this.sendEvent('response.reasoning_summary_text.delta', { ...at, delta: chunk });
      text += chunk;
      await afterChunk();
    }
    this.reasoningChars += text.length;
    await this.sendEvent('response.reasoning_summary_text.done', { ...at, text });
    await this.finishItem({ ...item, summary: [{ type: 'summary_text', text }] });
  }

  async sendCall(name: string, args: object): Promise<void> {
    const item = {
      id: id('fc'),
      type: 'function_call',
      call_id: id('call'),
      name,
      arguments: JSON.stringify(args),
    };
    this.outputChars += item.arguments.length;
    await this.beginItem({ ...item, arguments: '', status: 'in_progress' });
    await this.finishItem({ ...item, status: 'completed' });
  }

  async sendCompleted(inputTokens: number, cachedTokens: number): Promise<void> {
    const output = tokensOf(this.outputChars + this.reasoningChars);
    const usage = {
      input_tokens: inputTokens,
      input_tokens_details: { cached_tokens: cachedTokens },
      output_tokens: output,
      output_tokens_details: { reasoning_tokens: tokensOf(this.reasoningChars) },
      total_tokens: inputTokens + output,
    };
    await this.sendEvent('response.completed', { response: { ...this.response('completed'), usage } });
    this.res.end();
  }

  async sendFailure(code: string, message: string): Promise<void> {
    await this.ensureOpen();
    await this.sendEvent('response.failed', {
      response: { ...this.response('failed'), error: { code, message } },
    });
    this.res.end();
  }

  /** Breaks the connection in the middle of a message. */
  async breakConnection(after: string): Promise<void> {
    if (after !== '') {
      const item = { id: id('msg'), type: 'message', role: 'assistant', status: 'in_progress', content: [] };
      await this.beginItem(item);
      const at = { item_id: item.id, output_index: this.outputIndex, content_index: 0 };
      await this.sendEvent('response.output_text.delta', { ...at, delta: after });
    }
    this.res.destroy();
  }

  private async beginItem(item: object): Promise<void> {
    this.outputIndex += 1;
    await this.sendEvent('response.output_item.added', { output_index: this.outputIndex, item });
  }

  private finishItem = (item: object) =>
    this.sendEvent('response.output_item.done', { output_index: this.outputIndex, item });

  private response = (status: string) => ({
    id: this.responseId,
    object: 'response',
    status,
    model: this.model,
    output: [],
  });

  private async sendEvent(type: string, fields: object): Promise<void> {
    await this.ensureOpen();
    this.signal.throwIfAborted();
    const event = JSON.stringify({ type, sequence_number: this.sequence++, ...fields });
    if (!this.res.write(`event: ${type}\ndata: ${event}\n\n`))
      await once(this.res, 'drain', { signal: this.signal });
  }
}
