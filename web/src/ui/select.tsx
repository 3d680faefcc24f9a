import { Select as Base } from '@base-ui/react/select';
import { CheckIcon, DownIcon } from './icons.tsx';

interface SelectProps<Value extends string> {
  label: string;
  value: Value;
  choices: readonly { value: Value; text: string }[];
  onChange: (value: Value) => void;
}

export function Select<Value extends string>({ label, value, choices, onChange }: SelectProps<Value>) {
  const items = choices.map((choice) => ({ value: choice.value, label: choice.text }));
  return (
    <div className="field">
      <Base.Root items={items} value={value} onValueChange={(next) => next !== null && onChange(next as Value)} modal={false}>
        <Base.Label className="label">{label}</Base.Label>
        <Base.Trigger className="input select">
          <Base.Value />
          <Base.Icon className="select-icon">
            <DownIcon />
          </Base.Icon>
        </Base.Trigger>
        <Base.Portal>
          <Base.Positioner className="positioner" sideOffset={4} alignItemWithTrigger={false}>
            <Base.Popup className="popup select-popup">
              {choices.map((choice) => (
                <Base.Item key={choice.value} value={choice.value} className="menu-item">
                  <span className="menu-mark">
                    <Base.ItemIndicator>
                      <CheckIcon />
                    </Base.ItemIndicator>
                  </span>
                  <Base.ItemText>{choice.text}</Base.ItemText>
                </Base.Item>
              ))}
            </Base.Popup>
          </Base.Positioner>
        </Base.Portal>
      </Base.Root>
    </div>
  );
}
