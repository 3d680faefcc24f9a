/** Dates as HTTP writes them (RFC 9110, section 5.6.7). `Date.parse` is no check: it takes nearly any text for a date. */
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const month = `(?<month>${months.join('|')})`;
const time = '(?<hour>\\d{2}):(?<minute>\\d{2}):(?<second>\\d{2})';
const forms = [
  new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>\\d{2}) ${month} (?<year>\\d{4}) ${time} GMT$`),
  // Obsolete, and to be read all the same.
  new RegExp(`^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\\d{2})-${month}-(?<year>\\d{2}) ${time} GMT$`),
  new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ${month} (?<day>[ \\d]\\d) ${time} (?<year>\\d{4})$`),
];

/** Milliseconds since 1970; undefined when it is no such date. `nowMs` tells the century of a year with two digits. */
export function parseHttpDate(text: string, nowMs: number): number | undefined {
  const parts = forms.map((form) => form.exec(text)?.groups).find((groups) => groups !== undefined);
  if (!parts) return undefined;
  const [day, hour, minute, second] = [parts.day, parts.hour, parts.minute, parts.second].map(Number) as [number, number, number, number];
  const year = parts.year?.length === 2 ? wholeYear(Number(parts.year), nowMs) : Number(parts.year);
  const at = new Date(Date.UTC(year, months.indexOf(parts.month as string), day, hour, minute, Math.min(second, 59)));
  // A day or an hour that there is not would have moved on to the next.
  return at.getUTCDate() === day && at.getUTCHours() === hour && minute < 60 && second <= 60 ? at.getTime() : undefined;
}

/** What would lie more than fifty years ahead is of the century before. */
function wholeYear(year: number, nowMs: number): number {
  const thisYear = new Date(nowMs).getUTCFullYear();
  const near = thisYear - (thisYear % 100) + year;
  return near > thisYear + 50 ? near - 100 : near;
}
