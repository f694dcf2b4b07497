import type { LimitUnit } from '@saas-codex/contracts/limits';
import type { SpentReport } from '@saas-codex/contracts/usage';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { meQuery } from '../../../shared/api/get-me.js';
import { repoName } from '../../../shared/lib/repo-name.js';
import { ErrorNotice } from '../../../shared/ui/error-notice.js';
import { Segmented } from '../../../shared/ui/segmented.js';
import { Skeleton } from '../../../shared/ui/skeleton.js';
import { spentQuery } from '../api/limits.js';
import { membersQuery } from '../../../shared/api/list-members.js';
import { Section } from '../section.js';
import { ShareList, SpentChart } from './spent-chart.js';

const PERIODS = [
  { value: '7', name: '7 days' },
  { value: '30', name: '30 days' },
  { value: '90', name: '90 days' },
] as const;
const UNITS = [
  { value: 'micro_usd', name: 'Money' },
  { value: 'tokens', name: 'Tokens' },
] as const satisfies readonly { value: LimitUnit; name: string }[];

/** Models were called, and still there is nothing to draw. */
const NOTHING: Record<LimitUnit, string> = {
  micro_usd:
    'All calls of this time cost $0.00: their models are free, or have no price under Models. Tokens are counted.',
  tokens: 'No call of this time has used tokens.',
};

/** What model calls have used. */
export function SpentSection() {
  const [days, setDays] = useState<(typeof PERIODS)[number]['value']>('30');
  const [unit, setUnit] = useState<LimitUnit>('micro_usd');
  const { data, error, isPending, refetch } = useQuery(spentQuery(Number(days)));
  return (
    <Section title="Spent on models">
      <div className="flex flex-wrap justify-between gap-2 py-3">
        <Segmented label="Period" value={days} onChange={setDays} options={PERIODS} />
        <Segmented label="Unit" value={unit} onChange={setUnit} options={UNITS} />
      </div>
      {isPending && <Skeleton className="my-3 h-40" />}
      {error && !data && <ErrorNotice error={error} onRetry={() => void refetch()} className="my-3" />}
      {data && data.total.calls === 0 && (
        <p className="py-3 text-sm text-muted-foreground">No model was called in this time.</p>
      )}
      {data && data.total.calls > 0 && <Report report={data} unit={unit} />}
    </Section>
  );
}

function Report({ report, unit }: { report: SpentReport; unit: LimitUnit }) {
  const { data: me } = useQuery(meQuery);
  const isOfEveryone = report.of === 'everyone';
  const { data: members } = useInfiniteQuery({ ...membersQuery, enabled: isOfEveryone });
  const names = new Map(
    members?.pages.flatMap(({ items }) => items).map(({ user_id, name }) => [user_id, name]),
  );
  const nameOf = (id: string) =>
    id === me?.user.user_id ? `${me.user.name} (you)` : (names.get(id) ?? 'Former member, or a program');
  const shares = [
    {
      title: 'By person',
      rows: report.by_person.map((row) => ({ ...row, id: row.user_id, name: nameOf(row.user_id) })),
    },
    {
      title: 'By repository',
      rows: report.by_repository.map((row) => ({
        ...row,
        id: row.repo_url ?? '',
        name: repoName(row.repo_url) ?? 'No repository',
      })),
    },
    { title: 'By model', rows: report.by_model.map((row) => ({ ...row, id: row.model, name: row.model })) },
  ];
  return (
    <>
      {report.total[unit] === 0 ? (
        <p className="py-3 text-sm text-muted-foreground">{NOTHING[unit]}</p>
      ) : (
        <SpentChart report={report} unit={unit} />
      )}
      {shares.slice(isOfEveryone ? 0 : 1).map(({ title, rows }) => (
        <ShareList key={title} title={title} rows={rows} unit={unit} />
      ))}
      <p className="py-3 text-xs text-muted-foreground">
        {isOfEveryone ? '' : 'These are your own calls. Admins see those of everybody. '}
        Days are those of UTC. Money is counted at the prices under Models, and is no bill.
      </p>
    </>
  );
}
