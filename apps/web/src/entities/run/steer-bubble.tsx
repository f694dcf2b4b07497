import type { Author } from '@saas-codex/contracts/authors';
import { useQuery } from '@tanstack/react-query';
import { meQuery } from '../../shared/api/get-me.js';
import { PromptBubble } from './prompt-bubble.js';
import { nameFor } from './run-people.js';

interface SteerBubbleProps {
  id: string;
  sessionId: string;
  prompt: string;
  /** undefined: it is not known, or not for this reader. */
  author: Author | undefined;
  /** The agent does not have it yet. */
  sending?: boolean;
}

/** A message that a person sent while the run worked. */
export function SteerBubble({ author, sending = false, ...bubble }: SteerBubbleProps) {
  const { data: me } = useQuery(meQuery);
  const name = author && nameFor(me, author);
  return (
    <div>
      <p className="truncate pb-1 text-right text-xs text-muted-foreground">
        {name && `${name} · `}
        <span role={sending ? 'status' : undefined}>
          {sending ? 'Sending, until Codex takes it in' : 'While it worked'}
        </span>
      </p>
      <PromptBubble {...bubble} sending={sending} />
    </div>
  );
}
