import type { PromptImage } from '@saas-codex/contracts/images';
import { ImageOff } from 'lucide-react';
import { useState } from 'react';
import { later } from '../../../shared/ui/later.js';
import { imageName, imageUrl } from './image-view.js';

/** Few images are opened. */
const Lightbox = later(async () => (await import('./lightbox.js')).Lightbox);

interface PromptImagesProps {
  sessionId: string;
  images: readonly PromptImage[];
}

/** The images of a prompt, small. Each opens in full size. */
export function PromptImages({ sessionId, images }: PromptImagesProps) {
  const [shown, setShown] = useState<number | null>(null);
  return (
    <>
      <ul aria-label="Images" className="flex flex-wrap justify-end gap-1.5">
        {images.map((image, index) => (
          <li key={image.image_id}>
            <button
              type="button"
              aria-label={`Open ${imageName(index, images.length)}`}
              onClick={() => setShown(index)}
              className="block cursor-zoom-in rounded-xl border bg-muted transition-opacity hover:opacity-85"
            >
              <Thumbnail sessionId={sessionId} image={image} alt={imageName(index, images.length)} />
            </button>
          </li>
        ))}
      </ul>
      {shown !== null && (
        <Lightbox
          sessionId={sessionId}
          images={images}
          shown={shown}
          onShow={setShown}
          onClose={() => setShown(null)}
        />
      )}
    </>
  );
}

/** Has its size before it is loaded, so that nothing moves. */
function Thumbnail({ sessionId, image, alt }: { sessionId: string; image: PromptImage; alt: string }) {
  const [gone, setGone] = useState(false);
  const height = Math.min(144, image.height);
  const width = Math.round(Math.max(48, Math.min(256, (height * image.width) / image.height)));
  const size = { width, height: Math.max(48, height) };
  if (gone)
    return (
      <span style={size} className="flex items-center justify-center text-subtle-foreground">
        <ImageOff aria-label="The image is gone" className="size-5" />
      </span>
    );
  return (
    <img
      src={imageUrl(sessionId, image.image_id)}
      alt={alt}
      loading="lazy"
      decoding="async"
      style={size}
      onError={() => setGone(true)}
      className="max-w-full rounded-xl object-cover"
    />
  );
}
