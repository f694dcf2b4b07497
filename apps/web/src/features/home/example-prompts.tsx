import { EXAMPLE_PROMPTS, REPOSITORY_PROMPTS } from '@saas-codex/contracts/example-prompts';
import { BookOpen, FlaskConical, Globe, type LucideIcon, Package, Terminal, Wrench } from 'lucide-react';

interface Example {
  icon: LucideIcon;
  title: string;
  prompt: string;
}

const FOR_A_REPOSITORY: Example[] = [
  {
    icon: BookOpen,
    title: 'Understand it',
    prompt: REPOSITORY_PROMPTS.explain,
  },
  {
    icon: FlaskConical,
    title: 'Test it',
    prompt: REPOSITORY_PROMPTS.test,
  },
  {
    icon: Wrench,
    title: 'Improve it',
    prompt: REPOSITORY_PROMPTS.improve,
  },
];

const FOR_AN_EMPTY_ONE: Example[] = [
  {
    icon: Terminal,
    title: 'A command',
    prompt: EXAMPLE_PROMPTS.command,
  },
  {
    icon: Globe,
    title: 'A web page',
    prompt: EXAMPLE_PROMPTS.page,
  },
  {
    icon: Package,
    title: 'A library',
    prompt: EXAMPLE_PROMPTS.library,
  },
];

interface ExamplePromptsProps {
  /** A repository is chosen, so there is code to ask about. */
  repository: boolean;
  onChoose: (prompt: string) => void;
}

/** Examples to start from, for a person's first session. */
export const ExamplePrompts = ({ repository, onChoose }: ExamplePromptsProps) => (
  <section aria-label="Examples" className="mt-6 grid gap-2 sm:grid-cols-3">
    {(repository ? FOR_A_REPOSITORY : FOR_AN_EMPTY_ONE).map(({ icon: Icon, title, prompt }) => (
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
