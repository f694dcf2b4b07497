import { path } from '../../../shared/api/request.js';

/** Where the bytes of an image are. */
export const imageUrl = (sessionId: string, imageId: string): string =>
  path`/api/sessions/${sessionId}/images/${imageId}`;

/** What an image is called, since nobody knows what it shows. */
export const imageName = (index: number, count: number): string =>
  count === 1 ? 'image of the prompt' : `image ${index + 1} of ${count}`;
