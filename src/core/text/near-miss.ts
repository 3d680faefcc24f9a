/** The candidate that a mistyped name most likely stands for; undefined when none is close. */
export function findNearMiss(name: string, candidates: readonly string[]): string | undefined {
  return listNearMisses(name, candidates)[0];
}

/** The candidates that a mistyped name may stand for, the nearest first; at most three. */
export function listNearMisses(name: string, candidates: readonly string[]): string[] {
  if (name.length > nameLengthMax) return [];
  const plain = simplify(name);
  const distanceMax = Math.round(plain.length / 2.5);
  return candidates
    .map((candidate) => ({ candidate, distance: editDistance(plain, simplify(candidate)) }))
    .filter(({ distance }) => distance <= distanceMax)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

const nameLengthMax = 64;

/** `perPage`, `per-page` and `PER_PAGE` are the same name in other habits. */
function simplify(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((last[j] as number) + 1, (row[j - 1] as number) + 1, (last[j - 1] as number) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, (before[j - 2] as number) + 1);
      row.push(cost);
    }
    [before, last] = [last, row];
  }
  return last[b.length] as number;
}
