import type { PromptImage } from '@saas-codex/contracts/images';
import { ChevronLeft, ChevronRight, X } from 'lucide-react';
import { Dialog } from 'radix-ui';
import type { KeyboardEvent } from 'react';
import { useReturnFocus } from '../../../shared/lib/focus.js';
import { IconButton } from '../../../shared/ui/icon-button.js';
import { imageName, imageUrl } from './image-view.js';

interface LightboxProps {
  sessionId: string;
  images: readonly PromptImage[];
  /** Index of the image that is shown. */
  shown: number;
  onShow: (index: number) => void;
  onClose: () => void;
}

/** An image of a prompt over the whole page. Arrow keys go to the next ones; Escape or a click beside it closes it. */
export function Lightbox({ sessionId, images, shown, onShow, onClose }: LightboxProps) {
  const returnFocus = useReturnFocus();
  const image = images[shown];
  if (!image) return null;
  const name = imageName(shown, images.length);
  const step = (by: number) => {
    if (images[shown + by]) onShow(shown + by);
  };
  const onKeyDown = ({ key }: KeyboardEvent) => {
    if (key === 'ArrowLeft') step(-1);
    if (key === 'ArrowRight') step(1);
  };
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 animate-fade-in bg-[rgb(0_0_0/0.88)]" />
        <Dialog.Content
          {...returnFocus}
          aria-describedby={undefined}
          onKeyDown={onKeyDown}
          onClick={(event) => event.target === event.currentTarget && onClose()}
          className="fixed inset-0 z-50 flex flex-col items-center justify-center gap-3 p-4 pt-16 outline-none max-sm:p-2 max-sm:pt-16"
        >
          <Dialog.Title className="sr-only">{name}</Dialog.Title>
          <img
            key={image.image_id}
            src={imageUrl(sessionId, image.image_id)}
            alt={name}
            width={image.width}
            height={image.height}
            className="min-h-0 max-w-full shrink rounded-lg bg-[white] object-contain"
          />
          <div className="absolute inset-x-4 top-3 flex items-center gap-1 text-[rgb(255_255_255/0.85)] [&_button]:text-[white] [&_button]:hover:bg-[rgb(255_255_255/0.15)] [&_button]:hover:text-[white]">
            <p className="min-w-0 flex-1 truncate text-sm">
              {images.length > 1 && `${shown + 1} of ${images.length} · `}
              {image.width} × {image.height}
            </p>
            {images.length > 1 && (
              <>
                <IconButton label="Previous image" disabled={shown === 0} onClick={() => step(-1)}>
                  <ChevronLeft />
                </IconButton>
                <IconButton label="Next image" disabled={shown === images.length - 1} onClick={() => step(1)}>
                  <ChevronRight />
                </IconButton>
              </>
            )}
            <IconButton label="Close" shortcut={['esc']} onClick={onClose}>
              <X />
            </IconButton>
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
