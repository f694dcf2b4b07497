import { formatAmount, type LimitUnit } from '@saas-codex/contracts/limits';
import type { Spent, SpentReport } from '@saas-codex/contracts/usage';
import { useState } from 'react';
import { cx } from '../../../shared/lib/cx.js';

const WIDTH = 640;
const HEIGHT = 140;
const GAP = 0.25;

interface Day {
  day: string;
  amount: number;
}

interface SpentChartProps {
  report: SpentReport;
  unit: LimitUnit;
}

/** A bar for each day. The table below it says the same to those who do not see it. */
export function SpentChart({ report, unit }: SpentChartProps) {
  const days = daysOf(report, unit);
  const [pointed, setPointed] = useState<Day | null>(null);
  const most = Math.max(...days.map(({ amount }) => amount), 1);
  const step = WIDTH / days.length;
  const shown = pointed ?? { day: '', amount: report.total[unit] };
  return (
    <figure className="py-3">
      <figcaption className="mb-2 flex flex-wrap items-baseline justify-between gap-x-4 text-sm">
        <span className="text-lg font-semibold tabular-nums">{formatAmount(shown.amount, unit)}</span>
        <span className="text-xs text-muted-foreground">
          {pointed ? inDays(pointed.day) : `${inDays(report.from)} – ${inDays(report.to)}`}
        </span>
      </figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        aria-hidden
        className="block h-36 w-full border-b"
        onPointerLeave={() => setPointed(null)}
      >
        {days.map((one, index) => {
          const height = (one.amount / most) * HEIGHT;
          return (
            <g key={one.day} onPointerEnter={() => setPointed(one)}>
              <rect x={index * step} width={step} height={HEIGHT} fill="transparent" />
              <rect
                x={index * step + (step * GAP) / 2}
                width={step * (1 - GAP)}
                y={HEIGHT - height}
                height={height}
                className={cx('fill-accent', pointed && pointed.day !== one.day && 'opacity-45')}
              />
            </g>
          );
        })}
      </svg>
      <table className="sr-only">
        <caption>Each day</caption>
        <tbody>
          {days.map(({ day, amount }) => (
            <tr key={day}>
              <th scope="row">{inDays(day)}</th>
              <td>{formatAmount(amount, unit)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}

/** Every day of the report, also those without a call. */
function daysOf({ from, to, by_day: spent }: SpentReport, unit: LimitUnit): Day[] {
  const known = new Map(spent.map((one) => [one.day, one[unit]]));
  const days: Day[] = [];
  for (let at = Date.parse(from); at <= Date.parse(to); at += 86_400_000) {
    const day = new Date(at).toISOString().slice(0, 10);
    days.push({ day, amount: known.get(day) ?? 0 });
  }
  return days;
}

const inDays = (day: string): string =>
  new Date(day).toLocaleDateString(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' });

interface ShareListProps {
  title: string;
  rows: readonly (Spent & { id: string; name: string })[];
  unit: LimitUnit;
}

/** Who or what spent how much, the most first. */
export function ShareList({ title, rows, unit }: ShareListProps) {
  const most = Math.max(...rows.map((row) => row[unit]), 1);
  return (
    <div className="py-3">
      <h3 className="mb-2 text-xs font-medium">{title}</h3>
      <ul className="space-y-2">
        {rows.map((row) => (
          <li key={row.id}>
            <div className="flex items-baseline justify-between gap-4 text-sm">
              <span className="min-w-0 truncate" title={row.name}>
                {row.name}
              </span>
              <span className="shrink-0 text-muted-foreground tabular-nums">
                {formatAmount(row[unit], unit)}
              </span>
            </div>
            <div aria-hidden className="mt-1 h-1 overflow-hidden rounded-full bg-muted">
              <div
                className="h-full rounded-full bg-accent"
                style={{ width: `${(row[unit] / most) * 100}%` }}
              />
            </div>
          </li>
        ))}
      </ul>
    </div>
  );
}
