import { memo, useState } from 'react';
import { FileCard, type FileCardProps } from './file-card.js';
import { useNearView } from './use-near-view.js';

/** About what a card takes besides its lines, in pixels. */
const FRAME_HEIGHT = 80;
const LINE_HEIGHT = 20;
const MAX_GUESS = 600;
const FOLDED_HEIGHT = 40;

/**
 * A card that is made when it comes near the view, and an empty place of about its height until then: a list of thousands of
 * files is there at once.
 */
export const NearCard = memo((props: FileCardProps) => {
  const [ref, near] = useNearView();
  const [made, setMade] = useState(false);
  if (!made && (near || props.focusedAt !== null)) setMade(true);
  if (made) return <FileCard {...props} />;
  return <div ref={ref} data-path={props.file.path} style={{ height: heightOf(props) }} />;
});

function heightOf({ file: { additions, deletions, generated }, viewed }: FileCardProps): number {
  if (viewed) return FOLDED_HEIGHT;
  const lines = generated ? 0 : (additions ?? 0) + (deletions ?? 0);
  return FRAME_HEIGHT + Math.min(lines * LINE_HEIGHT, MAX_GUESS);
}
