import { useMemo, useState } from 'react';
import { toApiError } from '../../../shared/api/api-error.js';
import { useDraft } from '../../../shared/lib/drafts.js';
import { randomId } from '../../../shared/lib/random-id.js';
import { toastNotice } from '../../../shared/ui/toast.js';
import type { AttachedImage } from './attached-images.js';
import type { ImageLimits } from './check-images.js';
import { changeImageDraft, imageDraftName, readImageDraft } from './image-drafts.js';
import { imageUrl } from './image-view.js';

interface Upload {
  key: string;
  sessionId: string;
  file: File;
  sent: number;
  problem: string | null;
  stop: AbortController;
}

/** The images of a session's composer. @param limits null: images cannot be attached */
export function useSessionImages(sessionId: string, limits: ImageLimits | null) {
  const [draft] = useDraft(imageDraftName(sessionId));
  const images = useMemo(() => readImageDraft(draft), [draft]);
  const [all, setUploads] = useState<readonly Upload[]>([]);
  const uploads = all.filter((one) => one.sessionId === sessionId);
  const drop = (key: string) => setUploads((before) => before.filter((one) => one.key !== key));
  const update = (key: string, part: Partial<Upload>) =>
    setUploads((before) => before.map((one) => (one.key === key ? { ...one, ...part } : one)));

  const start = async ({ key, file, stop }: Upload) => {
    try {
      const { uploadImage } = await import('../api/upload-image.js');
      const onProgress = (sent: number) => update(key, { sent });
      const image = await uploadImage(sessionId, file, { onProgress, signal: stop.signal });
      changeImageDraft(sessionId, (current) => [...current, image]);
      drop(key);
    } catch (error) {
      if (!stop.signal.aborted) update(key, { problem: toApiError(error).detail });
    }
  };

  return {
    /** Those that are uploaded. */
    images,
    /** None is being uploaded or was refused. */
    complete: uploads.length === 0,
    shown: [
      ...images.map(({ image_id: key }): AttachedImage => ({
        key,
        src: imageUrl(sessionId, key),
        sent: null,
        problem: null,
      })),
      ...uploads.map(({ key, sent, problem }): AttachedImage => ({
        key,
        src: null,
        sent: problem === null ? sent : null,
        problem,
      })),
    ],
    add: async (files: File[]) => {
      if (!limits) return;
      // Few prompts have images, so the page does without this code until then.
      const { checkImages } = await import('./check-images.js');
      const { accepted, problems } = checkImages(files, limits, images.length + uploads.length);
      if (problems.length > 0) toastNotice('Not attached', problems.join(' '));
      const more = accepted.map((file) => ({ key: randomId(), sessionId, file, sent: 0, problem: null }));
      const started = more.map((one): Upload => ({ ...one, stop: new AbortController() }));
      setUploads((before) => [...before, ...started]);
      for (const upload of started) void start(upload);
    },
    retry: (key: string) => {
      const upload = uploads.find((one) => one.key === key);
      if (!upload) return;
      update(key, { problem: null, sent: 0 });
      void start(upload);
    },
    remove: (key: string) => {
      uploads.find((one) => one.key === key)?.stop.abort();
      drop(key);
      changeImageDraft(sessionId, (current) => current.filter(({ image_id }) => image_id !== key));
    },
  };
}
