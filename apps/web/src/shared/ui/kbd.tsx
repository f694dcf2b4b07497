const MAC = /Mac|iPhone|iPad/.test(navigator.userAgent);
const NAMES: Record<string, string> = MAC
  ? { mod: '⌘', shift: '⇧', enter: '↵', esc: 'esc' }
  : { mod: 'Ctrl', shift: 'Shift', enter: '↵', esc: 'Esc' };

/** Keys of a shortcut; `mod` is ⌘ on a Mac and Ctrl elsewhere. */
export function Kbd({ keys }: { keys: string[] }) {
  return (
    <kbd className="inline-flex gap-0.5 font-sans">
      {keys.map((key) => (
        <span
          key={key}
          className="inline-flex h-4.5 min-w-4.5 items-center justify-center rounded border px-1 text-2xs text-muted-foreground"
        >
          {NAMES[key] ?? key}
        </span>
      ))}
    </kbd>
  );
}
