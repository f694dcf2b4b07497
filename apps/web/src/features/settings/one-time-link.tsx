import { CopyButton } from '../../shared/ui/copy-button.js';

/** A link that is shown once, for one person. */
export const OneTimeLink = ({ link }: { link: string }) => (
  <div role="status" className="mt-3 rounded-lg border bg-muted/60 px-3 py-2 text-sm">
    <p>Give this link to the person in private. It works once, and is not shown again.</p>
    <div className="mt-1.5 flex items-start gap-2">
      <code className="min-w-0 flex-1 font-mono text-xs [overflow-wrap:anywhere] select-all">{link}</code>
      <CopyButton label="Copy the link" text={link} />
    </div>
  </div>
);
