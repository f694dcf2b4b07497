import type { SystemInfo } from '@saas-codex/contracts/system';
import { Badge, type BadgeTone } from '../../shared/ui/badge.js';
import { Row, Section } from './section.js';

const SOURCES: Partial<Record<SystemInfo['model_source'], { name: string; note: string }>> = {
  openai: { name: 'OpenAI', note: 'Prompts and the code that Codex reads are sent to the OpenAI API.' },
  compatible: {
    name: 'Own model server',
    note: 'Model calls go to the server that CODEX_BASE_URL names.',
  },
  demo: {
    name: 'Demo',
    note: 'Answers are scripted and offline, not an AI. Set CODEX_API_KEY, or CODEX_BASE_URL for a server of your own, and restart.',
  },
};

const ISOLATION: Partial<Record<SystemInfo['isolation'], { name: string; note: string; tone: BadgeTone }>> = {
  bubblewrap: {
    name: 'Jail (bubblewrap)',
    note: 'Codex and its commands see their own workspace only, and reach of the network what their session allows.',
    tone: 'success',
  },
  'codex-sandbox': {
    name: "Codex's sandbox",
    note: 'Commands may write in their own workspace only, but can read other files of the runner. Allow lists need the jail.',
    tone: 'warning',
  },
  none: {
    name: 'None',
    note: 'Commands run with all rights of the runner, and their network cannot be limited. Use it only inside a container or machine of its own.',
    tone: 'danger',
  },
};

const LIMITS: Partial<Record<SystemInfo['limits'], string>> = {
  cgroups: 'Held by the kernel',
  watch: 'Watched by the runner',
  deadline: 'Deadline only',
};

/** What does the work, and how well it is fenced in. */
export function SystemSection({ system }: { system: SystemInfo }) {
  // A newer server may have others than this page knows.
  const source = SOURCES[system.model_source] ?? { name: system.model_source, note: '' };
  const isolation = ISOLATION[system.isolation] ?? { name: system.isolation, note: '', tone: 'neutral' };
  return (
    <Section title="System">
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
        {LIMITS[system.limits] ?? system.limits}
      </Row>
      <Row name="Codex version">
        <span className="font-mono text-xs">{system.codex_version}</span>
      </Row>
      <Row name="Runs at the same time" note="On each runner. Further runs wait in a queue.">
        {system.max_concurrent_runs}
      </Row>
    </Section>
  );
}
