import { type RawBuilder, sql } from 'kysely';

/**
 * Time as the product sees it. What several processes must agree on (expiry, minutes, days, leases) is the database's
 * time: `sqlNow`. The process's own time only measures durations. Tests move both by `offsetMs`.
 */
export class Clock {
  offsetMs = 0;

  nowMs(): number {
    return Date.now() + this.offsetMs;
  }

  now(): Date {
    return new Date(this.nowMs());
  }

  /** The database's `now()` moved by the offset, as a timestamptz. */
  get sqlNow(): RawBuilder<Date> {
    return sql<Date>`(now() + ${this.offsetMs} * interval '1 millisecond')`;
  }
}
