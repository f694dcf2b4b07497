import { z } from 'zod';
import { openEnum } from './open-reading.js';

/** The types of image that a prompt can have, with the extensions of their files. */
export const IMAGE_EXTENSIONS = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/webp': 'webp',
  'image/gif': 'gif',
} as const;
export type ImageType = keyof typeof IMAGE_EXTENSIONS;
export const IMAGE_TYPES = Object.keys(IMAGE_EXTENSIONS) as [ImageType, ...ImageType[]];

/** Most pixels of an image, and of one of its sides. What decodes it needs about four bytes for each. */
export const MAX_IMAGE_PIXELS = 40_000_000;
export const MAX_IMAGE_SIDE = 16_384;

/** Of one prompt, whatever the settings say. */
export const MOST_IMAGES_PER_PROMPT = 50;

const size = {
  bytes: z.int().positive(),
  width: z.int().positive().describe('In pixels, as it is shown'),
  height: z.int().positive(),
};

/** An image as a run's input names it: in Postgres, and on its way to the runner. */
export const InputImage = z.strictObject({ image_id: z.uuid(), media_type: z.enum(IMAGE_TYPES), ...size });
export type InputImage = z.infer<typeof InputImage>;

/** An image of a prompt. */
export const PromptImage = z
  .object({
    image_id: z.uuid().describe('`GET /api/sessions/{session_id}/images/{image_id}` returns its bytes'),
    media_type: openEnum(IMAGE_TYPES),
    ...size,
  })
  .meta({ id: 'PromptImage' });
export type PromptImage = z.infer<typeof PromptImage>;

/** Answer of an upload. */
export const SessionImage = PromptImage.extend({ session_id: z.uuid(), created_at: z.iso.datetime() }).meta({
  id: 'SessionImage',
});
export type SessionImage = z.infer<typeof SessionImage>;

const UPLOAD = /^\/api\/sessions\/[^/]+\/images\/?$/;

/** Whether a request sends the bytes of an image. Its body is no JSON, and may be larger than others. */
export const isImageUpload = ({ method, path }: { method: string; path: string }): boolean =>
  method === 'POST' && UPLOAD.test(path);
