/** Runs one endpoint with parameters from a form, shows the answer, and gives the same call for elsewhere. */
import { type FormEvent, lazy, Suspense, useEffect, useMemo, useRef, useState } from 'react';
import { Link } from 'wouter';
import { useDraft } from '../data/draft.ts';
import type { Failure } from '../data/failure.ts';
import { entryOf, type JsonSchema, parseEntry, printEntry } from '../data/json-schema.ts';
import type { PlannedCall } from '../data/planned-call.ts';
import { quoted } from '../data/quoted.ts';
import { type Ran, runEndpoint } from '../data/run.ts';
import { Button } from '../ui/button.tsx';
import { Code } from '../ui/code.tsx';
import { TextField } from '../ui/field.tsx';
import { Loading } from '../ui/loading.tsx';
import { formatNumber } from '../ui/number.ts';
import { Notice, Problem } from '../ui/problem.tsx';
import { SameCall } from '../ui/same-call.tsx';
import { SchemaForm } from '../ui/schema-form.tsx';
import { Select } from '../ui/select.tsx';

const Confirm = lazy(async () => ({ default: (await import('../ui/dialog.tsx')).Confirm }));

export interface RunnableEndpoint {
  integration: string;
  serviceName: string;
  name: string;
  readOnly: boolean;
  destructive: boolean;
  schema: JsonSchema;
  example: Record<string, unknown>;
  accounts: readonly string[];
  connected: boolean;
}

interface Draft {
  entries: Record<string, string>;
  account: string;
  select: string;
}

const emptyDraft: Draft = { entries: {}, account: '', select: '' };

/** What the form says, as a call; with the entries that mean nothing. */
function planCall(endpoint: RunnableEndpoint, { entries, account, select }: Draft): { call: PlannedCall; faults: Record<string, string> } {
  const params: Record<string, unknown> = {};
  const faults: Record<string, string> = {};
  for (const [name, schema] of Object.entries(endpoint.schema.properties ?? {})) {
    const { value, fault } = parseEntry(name, schema, entries[name] ?? '');
    if (fault !== undefined) faults[name] = fault;
    else if (value !== undefined) params[name] = value;
  }
  const { integration, name, readOnly } = endpoint;
  return {
    call: { integration, endpoint: name, readOnly, params, account: account || undefined, select: select.trim() || undefined },
    faults,
  };
}

type Outcome = { ran: Ran } | { failure: Failure };

export function RunEndpoint({ endpoint }: { endpoint: RunnableEndpoint }) {
  const [draft, setDraft, clearDraft] = useDraft(`run:${endpoint.integration}/${endpoint.name}`, emptyDraft);
  const { call, faults } = useMemo(() => planCall(endpoint, draft), [endpoint, draft]);
  const [shownFaults, setShownFaults] = useState<Record<string, string>>({});
  const [outcome, setOutcome] = useState<Outcome>();
  const [asking, setAsking] = useState(false);
  const running = useRef<AbortController>(undefined);
  const [busySince, setBusySince] = useState<number>();
  useEffect(() => () => running.current?.abort(), []);

  const fillExample = () => {
    const properties = endpoint.schema.properties ?? {};
    const entries = Object.entries(endpoint.example).map(([name, value]) => [
      name,
      printEntry(value, entryOf(name, properties[name] ?? {})),
    ]);
    setShownFaults({});
    setDraft({ ...draft, entries: Object.fromEntries(entries) });
  };

  const run = async () => {
    setAsking(false);
    setOutcome(undefined);
    setShownFaults({});
    const stop = new AbortController();
    running.current = stop;
    setBusySince(Date.now());
    const answer = await runEndpoint(call, newKey(), stop.signal);
    if (running.current !== stop) return;
    setBusySince(undefined);
    if (answer === 'stopped') return;
    setOutcome(answer);
    if ('failure' in answer) setShownFaults(faultsByName(answer.failure));
  };

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (busySince !== undefined) return;
    setShownFaults(faults);
    if (Object.keys(faults).length > 0) return;
    if (endpoint.destructive) setAsking(true);
    else void run();
  };

  return (
    <div className="run-grid">
      <form className="parameters" noValidate onSubmit={submit}>
        {!endpoint.connected && (
          <Notice tone="warn">
            <p>
              No account of {endpoint.serviceName} is connected, so a call will be refused.{' '}
              <Link href={`/dashboard/integrations/${endpoint.integration}`}>Connect one</Link>
            </p>
          </Notice>
        )}
        {endpoint.accounts.length > 1 && (
          <Select
            label="Account"
            value={draft.account}
            choices={[{ value: '', text: 'The default' }, ...endpoint.accounts.map((account) => ({ value: account, text: account }))]}
            onChange={(account) => setDraft({ ...draft, account })}
          />
        )}
        <SchemaForm
          schema={endpoint.schema}
          entries={draft.entries}
          faults={shownFaults}
          onChange={(entries) => setDraft({ ...draft, entries })}
        />
        <TextField
          label="select (optional)"
          hint="A JMESPath expression that cuts the answer down, such as items[].name"
          className="mono"
          autoComplete="off"
          spellCheck={false}
          value={draft.select}
          onChange={(select) => setDraft({ ...draft, select })}
        />
        <div className="row">
          <Button look="main" type="submit" busy={busySince !== undefined}>
            Run
          </Button>
          {Object.keys(endpoint.example).length > 0 && <Button onClick={fillExample}>Fill in the example</Button>}
          <Button
            look="quiet"
            onClick={() => {
              setShownFaults({});
              clearDraft();
            }}
          >
            Clear
          </Button>
        </div>
      </form>
      <div className="answer">
        <div aria-live="polite">
          {busySince !== undefined && <Running since={busySince} onStop={() => running.current?.abort()} />}
          {outcome &&
            ('failure' in outcome ? <Problem failure={outcome.failure} onRetry={() => void run()} /> : <Answered ran={outcome.ran} />)}
        </div>
        <SameCall call={call} />
      </div>
      {asking && (
        <Suspense fallback={<Loading what="the question" />}>
          <Confirm
            open
            title={`Run ${endpoint.name}?`}
            verb="Run it"
            onCancel={() => setAsking(false)}
            onConfirm={async () => {
              void run();
              return undefined;
            }}
          >
            <p>What it does at {endpoint.serviceName} cannot be undone.</p>
          </Confirm>
        </Suspense>
      )}
    </div>
  );
}

/** Faults that the server names as `params.title`, by parameter. */
function faultsByName(failure: Failure): Record<string, string> {
  const named = (failure.details ?? []).flatMap(({ path, message }) => {
    const name = /^params\.([^.[]+)/.exec(path)?.[1];
    return name === undefined ? [] : [[name, `It ${message}.`]];
  });
  return Object.fromEntries(named);
}

function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function Running({ since, onStop }: { since: number; onStop: () => void }) {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setSeconds(Math.round((Date.now() - since) / 1000)), 1_000);
    return () => clearInterval(timer);
  }, [since]);
  return (
    <Notice>
      <div className="row">
        <span className="spinner" aria-hidden="true" />
        <span>Running{seconds > 1 && `, ${seconds} s so far`}</span>
        <Button onClick={onStop}>Stop waiting</Button>
      </div>
    </Notice>
  );
}

function Answered({ ran }: { ran: Ran }) {
  const body = ran.ok ? ran.data : ran.error;
  return (
    <div className="stack">
      <div className="row">
        <span className="tag" data-tone={ran.ok ? 'good' : 'bad'}>
          {ran.ok ? 'Succeeded' : 'The service said no'} · {ran.status}
        </span>
        <span className="muted">{formatNumber(ran.durationMs)} ms</span>
        <span className="fine">{ran.callId}</span>
      </div>
      {ran.selectError !== null && (
        <Notice tone="warn">
          <p>The expression could not be applied, so this is the whole answer: {ran.selectError}</p>
        </Notice>
      )}
      {isFile(body) ? <Download file={body} name={ran.callId} /> : <Code text={printBody(body)} what="the answer" />}
    </div>
  );
}

function printBody(body: unknown): string {
  return typeof body === 'string' ? body : JSON.stringify(body, null, 2);
}

interface File {
  content_type: string;
  base64: string;
}

function isFile(body: unknown): body is File {
  return typeof body === 'object' && body !== null && Object.keys(body).sort().join() === 'base64,content_type';
}

/** Bytes that are no text: kept as a file, never shown as a page of ours. */
function Download({ file, name }: { file: File; name: string }) {
  const save = () => {
    const bytes = Uint8Array.from(atob(file.base64), (character) => character.charCodeAt(0));
    const url = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  };
  return (
    <Notice>
      <p>
        The answer is a file of type {quoted(file.content_type)}, {formatNumber(Math.floor((file.base64.length * 3) / 4))} bytes.
      </p>
      <div>
        <Button onClick={save}>Save the file</Button>
      </div>
    </Notice>
  );
}
