import { Meter as Base } from '@base-ui/react/meter';
import { formatNumber } from './number.ts';

/** How much of a limit is used; without a limit only the number. */
export function UsageMeter({ label, used, limit, note }: { label: string; used: number; limit: number | null; note?: string }) {
  if (limit === null)
    return (
      <div className="meter">
        <div className="meter-label">{label}</div>
        <div className="meter-value">{formatNumber(used)}</div>
        <p className="hint">No limit{note ? `. ${note}` : ''}</p>
      </div>
    );
  const share = limit === 0 ? 1 : used / limit;
  return (
    <Base.Root
      className="meter"
      value={Math.min(used, limit)}
      max={Math.max(limit, 1)}
      data-level={share >= 1 ? 'full' : share >= 0.8 ? 'high' : undefined}
      getAriaValueText={() => `${formatNumber(used)} of ${formatNumber(limit)}`}
    >
      <Base.Label className="meter-label">{label}</Base.Label>
      <div className="meter-value">
        {formatNumber(used)} <span className="meter-limit">of {formatNumber(limit)}</span>
      </div>
      <Base.Track className="meter-track">
        <Base.Indicator className="meter-fill" />
      </Base.Track>
      {note && <p className="hint">{note}</p>}
    </Base.Root>
  );
}
