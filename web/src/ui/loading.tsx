import { useEffect, useState } from 'react';

/** Says that something is coming, once it has taken long enough to be noticed. */
export function Loading({ what }: { what: string }) {
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), 250);
    return () => clearTimeout(timer);
  }, []);
  return (
    <p className="loading" role="status">
      {shown && (
        <>
          <span className="spinner" aria-hidden="true" /> Loading {what} …
        </>
      )}
    </p>
  );
}
