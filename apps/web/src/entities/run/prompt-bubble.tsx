import type { PromptImage } from '@saas-codex/contracts/images';
import { useLayoutEffect, useRef, useState } from 'react';
import { cx } from '../../shared/lib/cx.js';
import { CopyButton } from '../../shared/ui/copy-button.js';
import { useDisclosure } from '../../shared/ui/disclosure.js';
import { later } from '../../shared/ui/later.js';

/** Few prompts have images. */
const PromptImages = later(async () => (await import('./images/prompt-images.js')).PromptImages);

interface PromptBubbleProps {
  id: string;
  sessionId: string;
  prompt: string;
  images?: readonly PromptImage[];
  /** The server has not answered yet. */
  sending?: boolean;
}

/** What the person asked. A long prompt is cut until it is expanded. */
export function PromptBubble({ id, sessionId, prompt, images = [], sending = false }: PromptBubbleProps) {
  const { open, trigger, bodyId } = useDisclosure(`${id}/prompt`);
  const text = useRef<HTMLDivElement>(null);
  const [long, setLong] = useState(false);
  useLayoutEffect(() => {
    const element = text.current;
    if (element && !open) setLong(element.scrollHeight > element.clientHeight + 1);
  }, [open]);
  return (
    <div className={cx('space-y-1.5 transition-opacity duration-200', sending && 'opacity-75')}>
      {images.length > 0 && <PromptImages sessionId={sessionId} images={images} />}
      <div className="group/prompt flex items-end justify-end gap-1.5">
        <CopyButton
          text={prompt}
          label="Copy prompt"
          className="mb-1.5 opacity-0 group-hover/prompt:opacity-100 focus-visible:opacity-100"
        />
        <div className="max-w-[85%] rounded-2xl rounded-br-md bg-muted px-4 py-2.5 text-md">
          <div
            ref={text}
            id={bodyId}
            className={cx('[overflow-wrap:anywhere] whitespace-pre-wrap', !open && 'line-clamp-[12]')}
          >
            {prompt}
          </div>
          {long && (
            <button
              {...trigger}
              className="mt-1.5 text-xs font-medium text-muted-foreground hover:text-foreground"
            >
              {open ? 'Show less' : 'Show more'}
            </button>
          )}
        </div>
      </div>
    </div>
  );
}
