/** A moment in words, with the whole of it on hover. */
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const absolute = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });
const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

export function describeMoment(moment: string): string {
  const seconds = (Date.parse(moment) - Date.now()) / 1000;
  const [unit, size] = steps.find(([, length]) => Math.abs(seconds) >= length) ?? [];
  if (unit === undefined || size === undefined) return seconds > 0 ? 'in a moment' : 'just now';
  return relative.format(Math.trunc(seconds / size), unit);
}

export function Time({ at }: { at: string }) {
  return (
    <time dateTime={at} title={absolute.format(Date.parse(at))}>
      {describeMoment(at)}
    </time>
  );
}
