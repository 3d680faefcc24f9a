import { useState } from 'react';
import { Button } from './button.tsx';
import { count, formatNumber } from './number.ts';
import { TableFrame } from './table-frame.tsx';

interface Day {
  /** 2026-01-31 */
  day: string;
  good: number;
  bad: number;
}

const shortDay = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short', timeZone: 'UTC' });
const height = 140;

function sumUp(total: number, failed: number, days: number): string {
  if (total === 0) return `No calls in the last ${days} days`;
  return `${count(total, 'call')} in ${days} days, ${failed === 0 ? 'all' : `${formatNumber(failed)} of them not`} successful`;
}

/** Calls by day as bars, and the same numbers as a table for those who want or need them. */
export function CallsPerDay({ days }: { days: Day[] }) {
  const [asTable, setAsTable] = useState(false);
  const most = Math.max(1, ...days.map(({ good, bad }) => good + bad));
  const total = days.reduce((sum, { good, bad }) => sum + good + bad, 0);
  const failed = days.reduce((sum, { bad }) => sum + bad, 0);
  const width = days.length * 24;
  return (
    <figure className="card chart">
      <figcaption className="section-head">
        <span>{sumUp(total, failed, days.length)}</span>
        <Button look="quiet" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
          {asTable ? 'Show as bars' : 'Show as table'}
        </Button>
      </figcaption>
      {asTable ? (
        <TableFrame caption="Calls per day" narrow>
          <thead>
            <tr>
              <th scope="col">Day (UTC)</th>
              <th scope="col" className="number">
                Successful
              </th>
              <th scope="col" className="number">
                Not successful
              </th>
            </tr>
          </thead>
          <tbody>
            {days.toReversed().map(({ day, good, bad }) => (
              <tr key={day}>
                <th scope="row" className="nowrap">
                  {day}
                </th>
                <td className="number">{formatNumber(good)}</td>
                <td className="number">{formatNumber(bad)}</td>
              </tr>
            ))}
          </tbody>
        </TableFrame>
      ) : (
        <>
          <svg
            viewBox={`0 0 ${width} ${height}`}
            preserveAspectRatio="none"
            role="img"
            aria-label={`Calls per day; the most on one day were ${formatNumber(most)}. The table has every number.`}
          >
            {days.map(({ day, good, bad }, index) => {
              const goodHeight = (good / most) * (height - 4);
              const badHeight = (bad / most) * (height - 4);
              return (
                <g key={day}>
                  <title>{`${shortDay.format(Date.parse(day))}: ${count(good + bad, 'call')}, ${formatNumber(bad)} not successful`}</title>
                  <rect className="bar-ground" x={index * 24 + 3} y={height - 2} width={18} height={2} />
                  <rect className="bar-bad" x={index * 24 + 3} y={height - goodHeight - badHeight} width={18} height={badHeight} />
                  <rect className="bar-good" x={index * 24 + 3} y={height - goodHeight} width={18} height={goodHeight} />
                </g>
              );
            })}
          </svg>
          <div className="chart-ends" aria-hidden="true">
            <span>{shortDay.format(Date.parse((days[0] as Day).day))}</span>
            <span className="chart-key">
              <i className="key-good" /> successful <i className="key-bad" /> not successful
            </span>
            <span>today</span>
          </div>
        </>
      )}
    </figure>
  );
}
