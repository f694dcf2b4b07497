import { useState } from 'react';

/** An image of the repository, as an agent may have made it, with its size in pixels. */
export function RepositoryImage({ src, alt }: { src: string; alt: string }) {
  const [state, setState] = useState<'loading' | 'failed' | { width: number; height: number }>('loading');
  if (state === 'failed')
    return (
      <p className="flex min-h-24 items-center justify-center rounded-md border px-3 text-center text-xs text-muted-foreground">
        This image is too large or damaged, so it is not shown. Download the file.
      </p>
    );
  return (
    <>
      <div className="flex min-h-24 items-center justify-center rounded-md border bg-muted p-3">
        <img
          src={src}
          alt={alt}
          loading="lazy"
          onLoad={({ currentTarget: { naturalWidth: width, naturalHeight: height } }) =>
            setState({ width, height })
          }
          onError={() => setState('failed')}
          className="max-h-96 max-w-full bg-white object-contain shadow-xs"
        />
      </div>
      <p className="text-center text-2xs text-subtle-foreground">
        {state === 'loading' ? 'Loading' : `${state.width} × ${state.height}`}
      </p>
    </>
  );
}
