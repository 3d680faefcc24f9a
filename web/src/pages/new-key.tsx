import { type FormEvent, useState } from 'react';
import { useMutation } from 'urql';
import { at } from '../data/base.ts';
import { useDraft } from '../data/draft.ts';
import { describeError, type Failure } from '../data/failure.ts';
import { graphql } from '../data/graphql.ts';
import { quoted } from '../data/quoted.ts';
import { Button } from '../ui/button.tsx';
import { Code } from '../ui/code.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { TextField } from '../ui/field.tsx';
import { Notice, Problem } from '../ui/problem.tsx';
import { type PickableIntegration, ScopePicker } from '../ui/scope-picker.tsx';
import { Select } from '../ui/select.tsx';

const CreateApiKey = graphql(`
  mutation CreateApiKey($name: String!, $scopes: [String!]!, $expiresAt: DateTime) {
    createApiKey(name: $name, scopes: $scopes, expiresAt: $expiresAt) {
      fullKey
      apiKey { id name }
    }
  }
`);

const lifetimes = [
  { value: 'never', text: 'Until it is revoked' },
  { value: '1', text: '1 day' },
  { value: '7', text: '7 days' },
  { value: '30', text: '30 days' },
  { value: '90', text: '90 days' },
  { value: '365', text: '1 year' },
] as const;

type Lifetime = (typeof lifetimes)[number]['value'];
const emptyForm: { name: string; scopes: string[]; lifetime: Lifetime } = { name: '', scopes: [], lifetime: 'never' };

interface NewKeyProps {
  open: boolean;
  integrations: readonly PickableIntegration[];
  operator: boolean;
  onClose: () => void;
}

export function NewKey({ open, integrations, operator, onClose }: NewKeyProps) {
  const [created, setCreated] = useState<{ name: string; fullKey: string }>();
  if (created) {
    return (
      <CreatedKey
        {...created}
        onClose={() => {
          setCreated(undefined);
          onClose();
        }}
      />
    );
  }
  return (
    <Dialog open={open} title="Make an API key" wide onClose={onClose}>
      <KeyForm integrations={integrations} operator={operator} onCancel={onClose} onCreated={setCreated} />
    </Dialog>
  );
}

interface KeyFormProps {
  integrations: readonly PickableIntegration[];
  operator: boolean;
  onCancel: () => void;
  onCreated: (created: { name: string; fullKey: string }) => void;
}

function KeyForm({ integrations, operator, onCancel, onCreated }: KeyFormProps) {
  const [form, setForm, clearForm] = useDraft('new-key', emptyForm);
  const [nameFault, setNameFault] = useState<string>();
  const [failure, setFailure] = useState<Failure>();
  const [{ fetching }, create] = useMutation(CreateApiKey);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (fetching) return;
    const name = form.name.trim();
    setNameFault(name === '' ? 'Give the key a name that says who will hold it.' : undefined);
    setFailure(form.scopes.length === 0 ? { message: 'Tick at least one thing that the key may do.' } : undefined);
    if (name === '' || form.scopes.length === 0) return;
    const expiresAt = form.lifetime === 'never' ? null : new Date(Date.now() + Number(form.lifetime) * 86_400_000).toISOString();
    const result = await create({ name, scopes: form.scopes, expiresAt });
    if (result.error) return setFailure(describeError(result.error));
    clearForm();
    onCreated({ name, fullKey: (result.data as { createApiKey: { fullKey: string } }).createApiKey.fullKey });
  };

  return (
    <form className="stack" noValidate onSubmit={(event) => void submit(event)}>
      <TextField
        label="Name"
        hint="Who will hold it, such as “Coding agent on my laptop”."
        maxLength={100}
        autoComplete="off"
        value={form.name}
        error={nameFault}
        onChange={(name) => setForm({ ...form, name })}
      />
      <ScopePicker
        integrations={integrations}
        scopes={form.scopes}
        operator={operator}
        onChange={(scopes) => setForm({ ...form, scopes })}
      />
      <Select label="It works" value={form.lifetime} choices={lifetimes} onChange={(lifetime) => setForm({ ...form, lifetime })} />
      {failure && <Problem failure={failure} />}
      <div className="row end">
        <Button onClick={onCancel}>Cancel</Button>
        <Button look="main" type="submit" busy={fetching}>
          Make the key
        </Button>
      </div>
    </form>
  );
}

/** The one time that the key can be seen. */
function CreatedKey({ name, fullKey, onClose }: { name: string; fullKey: string; onClose: () => void }) {
  const [text] = useState(() => `export SKILLETT_API_KEY=${fullKey}`);
  return (
    <Dialog open firm title={`${quoted(name)} is ready`} onClose={onClose}>
      <Notice tone="warn">
        <p>This is the only time the key is shown. Keep it now, where you keep passwords.</p>
      </Notice>
      <TextField label="API key" className="mono" readOnly value={fullKey} onChange={() => {}} onFocus={(event) => event.target.select()} />
      <div className="row">
        <CopyButton text={fullKey} what="the key" look="main" />
      </div>
      <p>Where the agent runs, set it as a variable:</p>
      <Code text={text} what="the line that sets the key" />
      <p>
        An agent that speaks MCP connects here, with the header <code>Authorization: Bearer</code> and the key:
      </p>
      <Code text={`${location.origin}${at('/mcp')}`} what="the MCP address" />
      <div className="row end">
        <Button onClick={onClose}>I have kept it</Button>
      </div>
    </Dialog>
  );
}
