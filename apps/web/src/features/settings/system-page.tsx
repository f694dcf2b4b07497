import type { SystemInfo } from '@saas-codex/contracts/system';
import { useQuery } from '@tanstack/react-query';
import { systemQuery } from '../../shared/api/get-system.js';
import { inWords, lookUp } from '../../shared/lib/open-enums.js';
import { Badge, type BadgeTone } from '../../shared/ui/badge.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { Row, Section } from './section.js';

const SOURCES: Partial<Record<SystemInfo['model_source'], { name: string; note: string }>> = {
  openai: { name: 'OpenAI', note: 'Prompts and the code that Codex reads are sent to the OpenAI API.' },
  compatible: {
    name: 'Own model server',
    note: 'Model calls go to the server in CODEX_BASE_URL.',
  },
  organisation: {
    name: "Your organisation's model server",
    note: 'Prompts and the code that Codex reads are sent to the server in Settings → Models.',
  },
  demo: {
    name: 'Demo',
    note: 'Answers are scripted and offline, not an AI. Set CODEX_API_KEY, or CODEX_BASE_URL for your own server, and restart.',
  },
};

const ISOLATION: Partial<Record<SystemInfo['isolation'], { name: string; note: string; tone: BadgeTone }>> = {
  bubblewrap: {
    name: 'Jail (bubblewrap)',
    note: 'Codex and its commands see only their own workspace, and reach only the network that their session allows.',
    tone: 'success',
  },
  'codex-sandbox': {
    name: "Codex's sandbox",
    note: 'Commands can write only in their own workspace, but can read other files of the runner. Allow lists need the jail.',
    tone: 'warning',
  },
  none: {
    name: 'None',
    note: 'Commands run with all rights of the runner, and their network cannot be limited. Use it only in a container or on a machine of its own.',
    tone: 'danger',
  },
};

const LIMITS: Partial<Record<SystemInfo['limits'], string>> = {
  cgroups: 'Enforced by the kernel',
  watch: 'Enforced by the runner',
  deadline: 'Deadline only',
};

/** The model source, the isolation and the limits of this server. */
export function SystemPage() {
  const { data: system, error, refetch } = useQuery(systemQuery);
  return (
    <Section title="Model and isolation">
      {system && <SystemRows system={system} />}
      {!system && error && <ErrorNotice error={error} onRetry={() => void refetch()} className="my-3" />}
      {!system && !error && <Skeleton className="my-3 h-24" />}
    </Section>
  );
}

function SystemRows({ system }: { system: SystemInfo }) {
  const source = lookUp(SOURCES, system.model_source) ?? { name: inWords(system.model_source), note: '' };
  const isolation = lookUp(ISOLATION, system.isolation) ?? {
    name: inWords(system.isolation),
    note: '',
    tone: 'neutral',
  };
  return (
    <>
      <Row name="Model source" note={source.note}>
        {system.model_source === 'demo' ? <Badge tone="warning">{source.name}</Badge> : source.name}
      </Row>
      {system.model_source !== 'demo' && (
        <Row name="Default model">{system.default_model ?? "Codex's own default"}</Row>
      )}
      <Row name="Isolation" note={`${isolation.note} ${system.isolation_reason}`}>
        <Badge tone={isolation.tone}>{isolation.name}</Badge>
      </Row>
      <Row name="Limits of a run" note={system.limits_reason}>
        {lookUp(LIMITS, system.limits) ?? inWords(system.limits)}
      </Row>
      <Row name="Codex version">
        <span className="font-mono text-xs">{system.codex_version}</span>
      </Row>
      <Row name="Runs at the same time" note="On each runner. Further runs wait in a queue.">
        {system.max_concurrent_runs}
      </Row>
    </>
  );
}
