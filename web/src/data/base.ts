/** Paths below the address of the installation, which may have a path of its own: `https://example.org/skillett`. */

/** That path; empty where there is none. */
export const base = document.documentElement.dataset.base ?? '';

/** As the browser asks for it. */
export function at(path: string): string {
  return base + path;
}

/** A path of the browser as routes know it; undefined for what is not of this installation. */
export function within(path: string): string | undefined {
  if (base === '') return path;
  if (path === base) return '/';
  return path.startsWith(`${base}/`) ? path.slice(base.length) : undefined;
}
