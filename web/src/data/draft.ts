/** Form values that survive a reload and a sign-in in between. Not for secrets: they stay in this tab's storage. */
import { useCallback, useState } from 'react';

export function useDraft<Value>(name: string, initial: Value): [Value, (value: Value) => void, () => void] {
  const key = `draft:${name}`;
  const [value, setValue] = useState<Value>(() => read(key) ?? initial);
  const keep = useCallback(
    (next: Value) => {
      setValue(next);
      try {
        sessionStorage.setItem(key, JSON.stringify(next));
      } catch {
        // Storage may be switched off or full; the form works without it.
      }
    },
    [key],
  );
  const clear = useCallback(() => {
    setValue(initial);
    sessionStorage.removeItem(key);
  }, [key, initial]);
  return [value, keep, clear];
}

function read<Value>(key: string): Value | undefined {
  try {
    const text = sessionStorage.getItem(key);
    return text === null ? undefined : (JSON.parse(text) as Value);
  } catch {
    return undefined;
  }
}
