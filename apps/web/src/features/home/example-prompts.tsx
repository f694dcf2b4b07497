import { BookOpen, FlaskConical, Wrench } from 'lucide-react';

const EXAMPLES = [
  {
    icon: BookOpen,
    title: 'Understand it',
    prompt: 'Explain how this repository is organised, and where a new contributor should begin reading.',
  },
  {
    icon: FlaskConical,
    title: 'Test it',
    prompt: 'Find the part of this code with the weakest tests and add the ones that are missing.',
  },
  {
    icon: Wrench,
    title: 'Improve it',
    prompt: 'Find a bug or a rough edge in this repository, fix it, and explain the change.',
  },
];

/** For the very first session: something to begin with. */
export const ExamplePrompts = ({ onChoose }: { onChoose: (prompt: string) => void }) => (
  <section aria-label="Examples" className="mt-6 grid gap-2 sm:grid-cols-3">
    {EXAMPLES.map(({ icon: Icon, title, prompt }) => (
      <button
        key={title}
        type="button"
        onClick={() => onChoose(prompt)}
        className="flex flex-col gap-1.5 rounded-xl border bg-card p-3.5 text-left transition-colors hover:bg-muted"
      >
        <Icon aria-hidden className="size-4 text-muted-foreground" strokeWidth={1.75} />
        <span className="text-sm font-medium">{title}</span>
        <span className="text-xs text-muted-foreground">{prompt}</span>
      </button>
    ))}
  </section>
);
