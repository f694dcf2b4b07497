import { useState } from 'react';
import { CopyButton } from '../../shared/ui/copy-button.js';
import { Segmented } from '../../shared/ui/segmented.js';

const SOURCES = [
  { value: 'npm', name: 'npm start', command: 'npm start' },
  {
    value: 'compose',
    name: 'Docker Compose',
    command: 'docker compose exec backend node apps/backend/dist/sign-in-link.js',
  },
  {
    value: 'kubernetes',
    name: 'Kubernetes',
    command: 'kubectl -n saas-codex exec deploy/backend -- node apps/backend/dist/sign-in-link.js',
  },
] as const;

/** What prints a new link. This page cannot know how the server was installed, so the person says it. */
export function LinkSource() {
  const [source, setSource] = useState<(typeof SOURCES)[number]>(SOURCES[0]);
  return (
    <>
      <Segmented
        label="How the server runs"
        value={source.value}
        onChange={(value) => setSource(SOURCES.find((each) => each.value === value) ?? SOURCES[0])}
        options={SOURCES}
        className="mt-3 [&>button]:flex-1"
      />
      <div className="mt-2 flex items-start gap-2 rounded-lg border bg-card py-2 pr-2 pl-3.5 shadow-xs">
        <code className="min-w-0 flex-1 py-0.5 font-mono text-sm [overflow-wrap:anywhere] select-all">
          {source.command}
        </code>
        <CopyButton label="Copy the command" text={source.command} />
      </div>
    </>
  );
}
