import type { PromptImage } from '@saas-codex/contracts/images';
import { useState } from 'react';
import { randomId } from '../../../shared/lib/random-id.js';
import { toastNotice } from '../../../shared/ui/toast.js';
import { uploadImage } from '../api/upload-image.js';
import type { AttachedImage } from './attached-images.js';
import { checkImages, type ImageLimits } from './check-images.js';

interface ChosenImage {
  key: string;
  file: File;
  /** A data URL: the page's policy shows no other address of a file. */
  preview: string | null;
}

/** Images that were chosen before there is a session to upload them to. They stay in this page. */
export function useChosenImages(limits: ImageLimits | null) {
  const [chosen, setChosen] = useState<readonly ChosenImage[]>([]);
  const add = (files: File[]) => {
    if (!limits) return;
    const { accepted, problems } = checkImages(files, limits, chosen.length);
    if (problems.length > 0) toastNotice('Not attached', problems.join(' '));
    const more = accepted.map((file) => ({ key: randomId(), file, preview: null }));
    setChosen((before) => [...before, ...more]);
    for (const { key, file } of more) {
      const reader = new FileReader();
      reader.addEventListener('load', () => {
        const preview = typeof reader.result === 'string' ? reader.result : null;
        setChosen((now) => now.map((one) => (one.key === key ? { ...one, preview } : one)));
      });
      reader.readAsDataURL(file);
    }
  };
  return {
    add,
    remove: (key: string) => setChosen((before) => before.filter((one) => one.key !== key)),
    shown: chosen.map(({ key, preview }): AttachedImage => ({
      key,
      src: preview,
      sent: null,
      problem: null,
    })),
    files: chosen.map(({ file }) => file),
  };
}

/** Uploads files to a session, in order. @throws ApiError for the first one that fails */
export async function uploadImages(sessionId: string, files: readonly File[]): Promise<PromptImage[]> {
  return Promise.all(files.map((file) => uploadImage(sessionId, file)));
}
