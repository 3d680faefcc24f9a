/** A form made from the JSON Schema of an endpoint's parameters. Entries are texts; what they mean is decided when they are sent. */
import { useId, useState } from 'react';
import { type Entry, entryOf, type JsonSchema, printEntry } from '../data/json-schema.ts';
import { Button } from './button.tsx';
import { TextField } from './field.tsx';
import { count } from './number.ts';
import { Inline } from './prose.tsx';
import { Select } from './select.tsx';

interface SchemaFormProps {
  schema: JsonSchema;
  entries: Record<string, string>;
  faults: Record<string, string>;
  onChange: (entries: Record<string, string>) => void;
}

export function SchemaForm({ schema, entries, faults, onChange }: SchemaFormProps) {
  const names = Object.keys(schema.properties ?? {});
  const required = names.filter((name) => schema.required?.includes(name));
  const optional = names.filter((name) => !schema.required?.includes(name));
  const inUse = optional.some((name) => (entries[name] ?? '') !== '' || faults[name] !== undefined);
  const [open, setOpen] = useState(false);
  const shown = open || inUse || (required.length === 0 && optional.length <= 4);
  const id = useId();
  const show = (name: string) => (
    <ParameterField
      key={name}
      name={name}
      schema={schema.properties?.[name] as JsonSchema}
      required={required.includes(name)}
      text={entries[name] ?? ''}
      fault={faults[name]}
      onChange={(text) => onChange({ ...entries, [name]: text })}
    />
  );
  return (
    <>
      {names.length === 0 && <p className="muted">It takes no parameters.</p>}
      {required.map(show)}
      {optional.length > 0 && (required.length > 0 || optional.length > 4) && !inUse && (
        <div>
          <Button look="quiet" aria-expanded={shown} aria-controls={id} onClick={() => setOpen(!open)}>
            {shown ? 'Hide' : 'Show'} {count(optional.length, 'optional parameter')}
          </Button>
        </div>
      )}
      <div id={id} className="parameters" hidden={!shown}>
        {optional.map(show)}
      </div>
    </>
  );
}

interface ParameterFieldProps {
  name: string;
  schema: JsonSchema;
  required: boolean;
  text: string;
  fault: string | undefined;
  onChange: (text: string) => void;
}

function ParameterField({ name, schema, required, text, fault, onChange }: ParameterFieldProps) {
  const entry = entryOf(name, schema);
  const label = required ? name : `${name} (optional)`;
  if (entry === 'choice' || entry === 'yes-no') {
    const values = entry === 'choice' ? (schema.enum ?? []).map((value) => printEntry(value)) : ['true', 'false'];
    return (
      <div className="field">
        <Select
          label={label}
          value={text}
          choices={[{ value: '', text: required ? 'Choose one' : 'Left out' }, ...values.map((value) => ({ value, text: value }))]}
          onChange={onChange}
        />
        <Hint schema={schema} entry={entry} />
        {fault !== undefined && (
          <p className="fault" role="alert">
            {fault}
          </p>
        )}
      </div>
    );
  }
  return (
    <TextField
      label={label}
      value={text}
      error={fault}
      autoComplete="off"
      spellCheck={entry === 'lines'}
      {...(entry === 'number' ? { inputMode: 'decimal' as const } : {})}
      {...(entry === 'lines' ? { lines: 4 } : entry === 'list' ? { lines: 3 } : entry === 'json' ? { lines: 5, className: 'mono' } : {})}
      hint={<Hint schema={schema} entry={entry} />}
      onChange={onChange}
    />
  );
}

const entryHints: Partial<Record<Entry, string>> = { list: 'One a line.', json: 'As JSON.' };

function Hint({ schema, entry }: { schema: JsonSchema; entry: Entry }) {
  const example = schema.examples?.[0];
  return (
    <span className="hint">
      {schema.description && <Inline text={schema.description} />} {entryHints[entry]}
      {schema.default !== undefined && <> Left out: {printEntry(schema.default)}.</>}
      {example !== undefined && entry !== 'choice' && (
        <>
          {' '}
          Such as <code>{printEntry(example)}</code>.
        </>
      )}
    </span>
  );
}
