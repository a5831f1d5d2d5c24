import { useId } from 'react';

interface Props {
  legend: string;
  value: string;
  options: { value: string; label: string; hint: string }[];
  onChange: (value: string) => void;
}

/** One of a few, each with what it means. */
export function Choice({ legend, value, options, onChange }: Props) {
  const name = useId();
  return (
    <fieldset>
      <legend>{legend}</legend>
      <div className="choices">
        {options.map((option) => (
          <label key={option.value} className="choice">
            <input type="radio" name={name} checked={value === option.value} onChange={() => onChange(option.value)} />
            <span>
              <strong>{option.label}</strong>
              <span className="soft small">{option.hint}</span>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
