import { z } from 'zod';

/** The turn that a request of Codex belongs to. */
export interface Turn {
  model: string;
  /** How long the model is to reason; null: the request does not say. */
  effort: string | null;
  /** Id of the thread. */
  thread: string;
  /** The prompts of this thread, oldest first. The last one is answered in this turn. */
  prompts: string[];
  /** The images of the last prompt, each as a data URL. */
  images: string[];
  /** What Codex says itself in this thread: instructions, the environment. */
  context: string[];
  /** The outputs of the calls since the last prompt, oldest first. */
  outputs: string[];
  /** JSON schema that the answer must have; null: any text will do. */
  schema: Record<string, unknown> | null;
  /** Whether Codex accepts plans. */
  canPlan: boolean;
  /** An estimate of the request's tokens. */
  inputTokens: number;
}

const Text = z.object({ text: z.string() });
const Image = z.object({ type: z.literal('input_image'), image_url: z.string() });
const Content = z.union([z.string(), z.array(z.unknown())]).nullish();
const InputItem = z.looseObject({
  type: z.string().default('message'),
  role: z.string().optional(),
  content: Content,
  output: Content,
  tools: z.unknown().optional(),
});
type InputItem = z.infer<typeof InputItem>;

const ResponsesRequest = z.looseObject({
  model: z.string(),
  input: z.array(InputItem),
  tools: z.unknown().optional(),
  prompt_cache_key: z.string().nullish(),
  text: z
    .looseObject({ format: z.looseObject({ schema: z.record(z.string(), z.unknown()).nullish() }).nullish() })
    .nullish(),
  reasoning: z.looseObject({ effort: z.string().nullish() }).nullish(),
});

/** Matches messages of the role `user` that are not prompts: Codex describes its environment in them. */
const CONTEXT =
  /^(<(environment_context|user_instructions|turn_aborted|skill|user_shell_command)\b|# AGENTS\.md instructions)/;

/** What the platform says before a prompt. */
const NOTE = /^<note_from_the_platform>[\s\S]*?<\/note_from_the_platform>\s*/;

const CHARS_PER_TOKEN = 4;
export const tokensOf = (chars: number): number => Math.ceil(chars / CHARS_PER_TOKEN);

/** @returns undefined if the body is not a request of the Responses API */
export function readTurn(body: string): Turn | undefined {
  const request = readRequest(body);
  if (!request) return undefined;
  const prompts: string[] = [];
  const context: string[] = [];
  let outputs: string[] = [];
  let images: string[] = [];
  for (const item of request.input) {
    if (item.type.endsWith('_call_output')) outputs.push(textOf(item.output));
    else if (isPrompt(item)) {
      prompts.push(promptIn(item.content));
      const [note] = NOTE.exec(textOf(item.content)) ?? [];
      if (note !== undefined) context.push(note);
      outputs = [];
      images = imagesIn(item.content);
    } else if (item.type === 'message' && item.role !== 'assistant') context.push(textOf(item.content));
  }
  const tools = [request.tools, ...request.input.map((item) => item.tools)];
  return {
    model: request.model,
    effort: request.reasoning?.effort ?? null,
    thread: request.prompt_cache_key ?? '',
    prompts,
    images,
    context,
    outputs,
    schema: request.text?.format?.schema ?? null,
    canPlan: JSON.stringify(tools).includes('update_plan'),
    inputTokens: tokensOf(body.length),
  };
}

function readRequest(body: string) {
  try {
    return ResponsesRequest.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}

const isPrompt = (item: InputItem) =>
  item.type === 'message' && item.role === 'user' && !CONTEXT.test(textOf(item.content));

function textOf(content: InputItem['content']): string {
  if (typeof content === 'string') return content;
  return (content ?? []).map((part) => Text.safeParse(part).data?.text ?? '').join('');
}

/** Codex writes a tag before and behind each image. */
const promptIn = (content: InputItem['content']): string =>
  textOf(content)
    .replace(NOTE, '')
    .replace(/<image name=[^\n]*?>|<\/image>/g, '');

const imagesIn = (content: InputItem['content']): string[] =>
  Array.isArray(content) ? content.flatMap((part) => Image.safeParse(part).data?.image_url ?? []) : [];

/** Returns what a command printed, without the lines that Codex adds. */
export const printedBy = (output: string): string => output.replace(/^[\s\S]*?^Output:\n/m, '');
