import { Checkbox } from '@base-ui/react/checkbox';
import { type ReactNode, useId } from 'react';
import { CheckIcon, DashIcon } from './icons.tsx';

interface TickProps {
  checked: boolean;
  /** Some of what is below it, not all. */
  partly?: boolean;
  disabled?: boolean;
  label: ReactNode;
  hint?: ReactNode;
  onChange: (checked: boolean) => void;
}

/** A checkbox with its words; pressing the words ticks it too. */
export function Tick({ checked, partly = false, disabled = false, label, hint, onChange }: TickProps) {
  const id = useId();
  return (
    <div className="tick">
      <Checkbox.Root
        id={id}
        nativeButton
        render={<button type="button" />}
        className="tick-box"
        checked={checked}
        indeterminate={partly}
        disabled={disabled}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onCheckedChange={onChange}
      >
        <Checkbox.Indicator className="tick-mark">{partly ? <DashIcon /> : <CheckIcon />}</Checkbox.Indicator>
      </Checkbox.Root>
      <div>
        <label htmlFor={id}>{label}</label>
        {hint && (
          <div id={`${id}-hint`} className="hint">
            {hint}
          </div>
        )}
      </div>
    </div>
  );
}
