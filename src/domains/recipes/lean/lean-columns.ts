/** Which columns a lean answer of an endpoint has, and which can be added. */
import type { Endpoint } from '../format/format.ts';

/** In the order of the recipe; both empty where it says nothing of them. */
export function leanColumns({ lean = {}, more_columns = {}, expand }: Endpoint): { columns: string[]; adds: string[] } {
  return { columns: Object.keys(lean), adds: [...Object.keys(more_columns), ...Object.keys(expand?.columns ?? {})] };
}
