import { Field as Base } from '@base-ui/react/field';
import type { ComponentProps, ReactNode } from 'react';

interface TextFieldProps extends Omit<ComponentProps<typeof Base.Control>, 'onChange' | 'onValueChange' | 'render'> {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  /** More than one line. */
  lines?: number;
  onChange: (value: string) => void;
}

/** A labelled input; hint and fault are tied to it. */
export function TextField({ label, hint, error, lines, onChange, ...rest }: TextFieldProps) {
  return (
    <Base.Root className="field" invalid={error !== undefined}>
      <Base.Label className="label">{label}</Base.Label>
      <Base.Control
        {...rest}
        className={`input ${rest.className ?? ''}`}
        onValueChange={(value) => onChange(String(value))}
        {...(lines === undefined ? {} : { render: <textarea rows={lines} /> })}
      />
      {hint && <Base.Description className="hint">{hint}</Base.Description>}
      {error !== undefined && (
        <Base.Error className="fault" match>
          {error}
        </Base.Error>
      )}
    </Base.Root>
  );
}
