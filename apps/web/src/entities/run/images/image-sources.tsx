import { IMAGE_TYPES } from '@saas-codex/contracts/images';
import { ImagePlus } from 'lucide-react';
import { type ClipboardEvent, type DragEvent, useRef, useState } from 'react';
import { IconButton } from '../../../shared/ui/icon-button.js';

type OnFiles = (files: File[]) => unknown;

/** Opens the browser's dialog for choosing files; on a phone also its camera and photos. */
export function ImageButton({ onFiles, disabled }: { onFiles: OnFiles; disabled?: boolean }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <IconButton
        label="Attach images"
        side="top"
        size="round"
        disabled={disabled}
        onClick={() => input.current?.click()}
      >
        <ImagePlus />
      </IconButton>
      <input
        ref={input}
        type="file"
        aria-label="Choose images"
        tabIndex={-1}
        multiple
        accept={IMAGE_TYPES.join(',')}
        className="sr-only"
        onChange={({ target }) => {
          onFiles([...(target.files ?? [])]);
          // The same file can be chosen again.
          target.value = '';
        }}
      />
    </>
  );
}

/**
 * Takes images that are pasted into the field or dropped on the form. `over` is true while files are held above it.
 * @param onFiles null: images are not taken, and the browser does as always
 */
export function useImageTarget(onFiles: OnFiles | null) {
  const [over, setOver] = useState(false);
  const hasFiles = ({ dataTransfer }: DragEvent) => onFiles !== null && dataTransfer.types.includes('Files');
  const hold = (event: DragEvent, isOver: boolean) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    setOver(isOver);
  };
  return {
    over,
    onPaste: (event: ClipboardEvent) => {
      const files = [...event.clipboardData.files];
      // Programs for tables and texts add a picture of what was copied. It is the text that is meant then.
      if (!onFiles || files.length === 0 || event.clipboardData.types.includes('text/plain')) return;
      event.preventDefault();
      onFiles(files);
    },
    target: {
      onDragEnter: (event: DragEvent) => hold(event, true),
      onDragOver: (event: DragEvent) => hold(event, true),
      onDragLeave: (event: DragEvent) => {
        const { currentTarget, relatedTarget } = event;
        if (!(relatedTarget instanceof Node && currentTarget.contains(relatedTarget))) setOver(false);
      },
      onDrop: (event: DragEvent) => {
        hold(event, false);
        if (hasFiles(event)) onFiles?.([...event.dataTransfer.files]);
      },
    },
  };
}
