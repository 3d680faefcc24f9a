/** The mark of a service beside its name, which says the same: nothing is read out for it. */
export function Logo({ name, url }: { name: string; url: string | null }) {
  if (url === null) return <span className="logo initial" data-initial={name.slice(0, 1).toUpperCase()} aria-hidden="true" />;
  const { pathname, search } = new URL(url);
  // By its path, so that it is found under whatever name the dashboard was opened.
  return <img className="logo" src={pathname + search} alt="" width="28" height="28" loading="lazy" />;
}
