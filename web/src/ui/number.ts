const grouped = new Intl.NumberFormat('en');

export function formatNumber(value: number): string {
  return grouped.format(value);
}

/** «1 call», «2 calls». */
export function count(value: number, one: string, many = `${one}s`): string {
  return `${grouped.format(value)} ${value === 1 ? one : many}`;
}
