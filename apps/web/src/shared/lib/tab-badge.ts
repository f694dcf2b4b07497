import { useEffect } from 'react';

/*
 * The title and the icon of the tab, with how many things wait for the person:
 *
 *     (2) ● Fix the cart · saas-codex        and "2" in a disc on the icon
 */

const NAME = 'saas-codex';
const ICON = '/favicon.svg';
const SIZE = 64;

let title = NAME;
let count = 0;

const writeTitle = (): void => {
  document.title = tabTitle(title, count);
};

export const tabTitle = (text: string, waiting: number): string =>
  waiting > 0 ? `(${waiting}) ${text}` : text;

/** Sets the title of the tab. A leading dot means that a run is in progress. */
export function useDocumentTitle(text: string | undefined, { running = false } = {}): void {
  useEffect(() => {
    title = `${running ? '● ' : ''}${text ? `${text} · ` : ''}${NAME}`;
    writeTitle();
    return () => {
      title = NAME;
      writeTitle();
    };
  }, [text, running]);
}

/** Shows the number in the tab's title and icon for as long as the component is mounted. */
export function useTabCount(waiting: number): void {
  useEffect(() => {
    showCount(waiting);
    return () => showCount(0);
  }, [waiting]);
}

function showCount(waiting: number): void {
  count = waiting;
  writeTitle();
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  if (!link) return;
  if (waiting === 0) link.href = ICON;
  else void drawIcon(waiting).then((icon) => icon && count === waiting && (link.href = icon));
}

/** @returns null where the browser cannot draw it */
async function drawIcon(waiting: number): Promise<string | null> {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = SIZE;
  const pen = canvas.getContext('2d');
  const image = new Image(SIZE, SIZE);
  image.src = ICON;
  const loaded = await image.decode().then(
    () => true,
    () => false,
  );
  if (!pen || !loaded) return null;
  pen.drawImage(image, 0, 0, SIZE, SIZE);
  pen.fillStyle = '#e5484d';
  pen.beginPath();
  pen.arc(42, 42, 22, 0, 2 * Math.PI);
  pen.fill();
  pen.fillStyle = '#fff';
  pen.font = 'bold 32px sans-serif';
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  pen.fillText(waiting > 9 ? '9+' : String(waiting), 42, 44, 38);
  return canvas.toDataURL('image/png');
}
