import type { TenantUsage } from '@saas-codex/contracts/usage';
import { useQuery } from '@tanstack/react-query';
import { cx } from '../../shared/lib/cx.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { usageQuery } from './api/get-usage.js';
import { Row, Section } from './section.js';
import { LimitsSection } from './usage/limits-section.js';
import { SpentSection } from './usage/spent-section.js';

const count = new Intl.NumberFormat('en');
const inUnit = (unit: string, digits: number) =>
  new Intl.NumberFormat('en', {
    style: 'unit',
    unit,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
const megabytes = inUnit('megabyte', 0);
const gigabytes = inUnit('gigabyte', 1);
/** In GB, or in MB if that would be less than one. */
const size = (bytes: number): string =>
  bytes < 1e9 ? megabytes.format(Math.ceil(bytes / 1e6)) : gigabytes.format(bytes / 1e9);

/** From this share of the quota on, the meter warns. */
const NEARLY_FULL = 0.9;

/** What the organisation uses, what models cost, and what may be spent. */
export const UsagePage = () => (
  <>
    <SpentSection />
    <LimitsSection />
    <NowSection />
  </>
);

function NowSection() {
  const { data: usage, error, refetch } = useQuery(usageQuery);
  return (
    <Section title="Now">
      {usage && <UsageRows usage={usage} />}
      {!usage && error && <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {!usage && !error && <Skeleton className="my-3 h-24" />}
    </Section>
  );
}

function UsageRows({ usage: { disk, sessions, runs } }: { usage: TenantUsage }) {
  const taken = disk.workspaces_bytes + disk.mirrors_bytes + (disk.images_bytes ?? 0);
  const quota = disk.quota_bytes;
  return (
    <>
      <Row
        name="Disk"
        below={quota !== null && <Meter taken={taken} quota={quota} />}
        note={noteOn(disk, taken)}
      >
        {quota === null ? size(taken) : `${size(taken)} of ${size(quota)}`}
      </Row>
      <Row
        name="Sessions"
        note="The files of archived sessions are removed after a while. Their conversations stay."
      >
        {count.format(sessions.live)} live, {count.format(sessions.archived)} archived
      </Row>
      <Row name="Runs">
        {count.format(runs.running)} running, {count.format(runs.queued)} queued, {count.format(runs.total)}{' '}
        in total
      </Row>
    </>
  );
}

function Meter({ taken, quota }: { taken: number; quota: number }) {
  const share = Math.min(taken / quota, 1);
  const percent = `${Math.round(share * 100)}%`;
  return (
    <div
      role="meter"
      aria-label="Disk in use"
      aria-valuemin={0}
      aria-valuemax={quota}
      aria-valuenow={Math.min(taken, quota)}
      aria-valuetext={`${size(taken)} of ${size(quota)}`}
      className="my-2 h-1.5 overflow-hidden rounded-full bg-muted"
    >
      <div
        className={cx('h-full rounded-full', toneOf(taken, quota))}
        // At least a dot, however little is used.
        style={{ width: `max(${percent}, ${taken > 0 ? '0.375rem' : '0px'})` }}
      />
    </div>
  );
}

const toneOf = (taken: number, quota: number): string => {
  if (taken > quota) return 'bg-destructive';
  return taken > quota * NEARLY_FULL ? 'bg-warning' : 'bg-accent';
};

function noteOn(disk: TenantUsage['disk'], taken: number): string {
  if (disk.measured_at === null) return 'It will be measured within a few minutes.';
  if (disk.quota_bytes !== null && taken > disk.quota_bytes)
    return 'Delete sessions that nobody needs. Until then no new ones can be created.';
  const images = disk.images_bytes ? `, ${size(disk.images_bytes)} for images in prompts` : '';
  return `${size(disk.workspaces_bytes)} for sessions, ${size(disk.mirrors_bytes)} for the repositories they share${images}.`;
}
