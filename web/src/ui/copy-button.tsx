import { useState } from 'react';
import { Button } from './button.tsx';
import { CheckIcon, CopyIcon } from './icons.tsx';

/** Copies a text; `what` names it for those who do not see where the button stands. */
export function CopyButton({ text, what, look = 'plain' }: { text: string; what: string; look?: 'main' | 'plain' }) {
  const [outcome, setOutcome] = useState<'copied' | 'failed'>();
  const copy = async () => {
    setOutcome((await copyText(text)) ? 'copied' : 'failed');
    setTimeout(() => setOutcome(undefined), 4_000);
  };
  return (
    <>
      <Button look={look} aria-label={`Copy ${what}`} onClick={() => void copy()}>
        {outcome === 'copied' ? <CheckIcon /> : <CopyIcon />}
        {outcome === 'copied' ? 'Copied' : outcome === 'failed' ? 'Select and copy it' : 'Copy'}
      </Button>
      <span role="status" className="unseen">
        {outcome === 'copied' && `Copied ${what}`}
        {outcome === 'failed' && 'The browser did not allow copying. Select the text and copy it yourself.'}
      </span>
    </>
  );
}

async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
