/** What a client would rather have, from the headers that say it by weights: one reader for every door and page (RFC 9110, sections 12.4.2 and 12.5). */

/** A media range of Accept, or a coding of Accept-Encoding. */
interface Weighted {
  name: string;
  /** 1 where none is given, 0 for what is refused. */
  weight: number;
}

/** Whether the client names this media type itself, does not refuse it and likes `instead` no better. A browser's catch-all asks for nothing by name. */
export function asksFor(accept: string | undefined, mediaType: string, instead: string): boolean {
  if (!accept?.toLowerCase().includes(mediaType)) return false;
  const ranges = readWeighted(accept);
  const weight = ranges.find(({ name }) => name === mediaType)?.weight ?? 0;
  return weight > 0 && weight >= weightOf(ranges, instead);
}

/** Whether the client names this coding and does not refuse it. */
export function asksForCoding(acceptEncoding: string | string[] | undefined, coding: string): boolean {
  return readWeighted(String(acceptEncoding ?? '')).some(({ name, weight }) => name === coding && weight > 0);
}

/** The most specific range that a media type falls under decides. */
function weightOf(ranges: readonly Weighted[], mediaType: string): number {
  const [type] = mediaType.split('/');
  for (const range of [mediaType, `${type}/*`, '*/*']) {
    const found = ranges.find(({ name }) => name === range);
    if (found) return found.weight;
  }
  return 0;
}

/** Commas and semicolons may stand inside quoted parameters. */
const elements = /(?:[^,"]|"(?:[^"\\]|\\.)*")+/g;
const weightParameter = /;\s*q\s*=\s*([\d.]+)\s*(?:;|$)/i;

function readWeighted(header: string): Weighted[] {
  return (header.match(elements) ?? []).map((element) => {
    const end = element.indexOf(';');
    const name = (end === -1 ? element : element.slice(0, end)).trim().toLowerCase();
    const weight = end === -1 ? 1 : Number(weightParameter.exec(element)?.[1] ?? 1);
    return { name, weight: Number.isNaN(weight) ? 1 : weight };
  });
}
