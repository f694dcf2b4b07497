import { PromptImage } from '@saas-codex/contracts/images';
import { z } from 'zod';
import { drafts } from '../../../shared/lib/drafts.js';

/*
 * The images of a session's composer. They are uploaded as soon as they are attached, and their ids are a part of the draft:
 *
 *     pasted, dropped, chosen ─► uploading ─► draft images/<session id> ── sent ─► the prompt
 *                                    └─► failed: a sentence, and once more        └─ refused ─► the draft
 */
const Images = z.array(PromptImage);

export const imageDraftName = (sessionId: string) => `images/${sessionId}`;

export function readImageDraft(text: string): readonly PromptImage[] {
  try {
    return Images.parse(JSON.parse(text || '[]'));
  } catch {
    return [];
  }
}

type Change = (current: readonly PromptImage[]) => readonly PromptImage[];

/** Also while no composer of the session is shown. */
export function changeImageDraft(sessionId: string, change: Change): void {
  const next = change(readImageDraft(drafts.read(imageDraftName(sessionId))));
  drafts.write(imageDraftName(sessionId), next.length === 0 ? '' : JSON.stringify(next));
}

/** In front of those that were attached meanwhile, each once. */
export const giveImagesBack = (sessionId: string, images: readonly PromptImage[]): void =>
  changeImageDraft(sessionId, (current) => [
    ...images,
    ...current.filter(({ image_id }) => !images.some((one) => one.image_id === image_id)),
  ]);
