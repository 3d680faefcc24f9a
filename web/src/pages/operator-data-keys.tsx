import { Progress } from '@base-ui/react/progress';
import { useEffect, useState } from 'react';
import { useMutation, useQuery } from 'urql';
import { describeError } from '../data/failure.ts';
import { graphql } from '../data/graphql.ts';
import { Answer } from '../ui/answer.tsx';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/dialog.tsx';
import { count, formatNumber } from '../ui/number.ts';
import { announce } from '../ui/toasts.tsx';

const StateQuery = graphql(`
  query DataKeyState {
    dataKeyState { version remaining }
  }
`);

const RotateDataKeys = graphql(`
  mutation RotateDataKeys {
    rotateDataKeys { version remaining }
  }
`);

const pollMs = 1_000;

export function DataKeys() {
  const query = useQuery({ query: StateQuery });
  const [{ data }, again] = query;
  const [asking, setAsking] = useState(false);
  const [most, setMost] = useState(0);
  const [, rotate] = useMutation(RotateDataKeys);
  const remaining = data?.dataKeyState.remaining ?? 0;

  useEffect(() => {
    if (remaining === 0) return;
    const timer = setTimeout(() => again({ requestPolicy: 'network-only' }), pollMs);
    return () => clearTimeout(timer);
  });

  return (
    <Answer query={query} what="the state of the data keys">
      {({ dataKeyState: { version } }) => (
        <div className="stack">
          <p className="muted">
            Credentials are kept sealed under a data key. A new one is made in a moment; what is sealed already is brought under it in the
            background, while everything keeps working.
          </p>
          <div className="card stack">
            <p>
              Data key in use: <strong>version {formatNumber(version)}</strong>
            </p>
            {remaining > 0 ? (
              <Progress.Root className="meter" value={Math.max(0, most - remaining)} max={Math.max(most, remaining)}>
                <Progress.Label className="meter-label">Sealing anew: {count(remaining, 'value')} to go</Progress.Label>
                <Progress.Track className="meter-track">
                  <Progress.Indicator className="meter-fill" />
                </Progress.Track>
              </Progress.Root>
            ) : (
              <p role="status">Everything is sealed under it.</p>
            )}
            <div className="row">
              <Button busy={remaining > 0} onClick={() => setAsking(true)}>
                Make a new data key
              </Button>
            </div>
          </div>
          <section className="card stack" aria-labelledby="master-key">
            <h2 id="master-key">Master key</h2>
            <p>
              It wraps the data keys and is a setting, <code>SKILLETT_MASTER_KEY</code>, that never passes through a browser. To change it:
            </p>
            <ol>
              <li>
                Make a new one: <code>openssl rand -base64 32</code>
              </li>
              <li>
                Where there are several processes, start every one with <code>SKILLETT_MASTER_KEY=&lt;old&gt;,&lt;new&gt;</code>, so that
                none meets a data key that it cannot open.
              </li>
              <li>
                Start every process with <code>SKILLETT_MASTER_KEY=&lt;new&gt;,&lt;old&gt;</code>. Each start wraps the data keys under the
                first. With the embedded database the old one is in the file <code>master-key</code> of the data folder.
              </li>
              <li>
                From the next start on <code>SKILLETT_MASTER_KEY=&lt;new&gt;</code> alone is enough, and the old one opens nothing.
              </li>
            </ol>
          </section>
          <Confirm
            open={asking}
            title="Make a new data key?"
            verb="Make it"
            onCancel={() => setAsking(false)}
            onConfirm={async () => {
              const { data: made, error } = await rotate({});
              if (error) return describeError(error);
              setAsking(false);
              setMost(made?.rotateDataKeys.remaining ?? 0);
              announce(`Data key ${made?.rotateDataKeys.version} is in use`);
              again({ requestPolicy: 'network-only' });
              return undefined;
            }}
          >
            <p>Nothing stops working meanwhile. Do it every few months, and after a backup may have been seen by somebody.</p>
          </Confirm>
        </div>
      )}
    </Answer>
  );
}
