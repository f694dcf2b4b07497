import { HEADERS } from '@saas-codex/contracts/http';
import { PromptImage, SessionImage } from '@saas-codex/contracts/images';
import { ApiError, readError } from '../../../shared/api/api-error.js';
import { path } from '../../../shared/api/request.js';
import { randomId } from '../../../shared/lib/random-id.js';

interface UploadOptions {
  /** What has been sent, from 0 to 1. */
  onProgress?: (sent: number) => void;
  signal?: AbortSignal;
}

/**
 * Uploads an image for a prompt. With XMLHttpRequest, since fetch says nothing about what it has sent.
 * @throws ApiError; the signal's reason when it was aborted
 */
export async function uploadImage(
  sessionId: string,
  file: Blob,
  { onProgress, signal }: UploadOptions = {},
): Promise<PromptImage> {
  const response = await send(path`/api/sessions/${sessionId}/images`, file, { onProgress, signal });
  if (!response.ok) throw await readError(response);
  const image = SessionImage.safeParse(await response.json().catch(() => null));
  if (!image.success) throw ApiError.local('unexpected_response', response.status);
  return PromptImage.parse(image.data);
}

function send(url: string, file: Blob, { onProgress, signal }: UploadOptions): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', url);
    request.setRequestHeader('accept', 'application/json');
    // What the file really is, the server finds out.
    request.setRequestHeader('content-type', 'image/png');
    request.setRequestHeader(HEADERS.idempotencyKey, randomId());
    request.upload.addEventListener('progress', ({ loaded, total }) =>
      onProgress?.(total > 0 ? loaded / total : 0),
    );
    request.addEventListener('load', () =>
      resolve(new Response(request.responseText, { status: request.status })),
    );
    request.addEventListener('error', () => reject(ApiError.local('network')));
    signal?.addEventListener('abort', () => {
      request.abort();
      reject(signal.reason as Error);
    });
    request.send(file);
  });
}
