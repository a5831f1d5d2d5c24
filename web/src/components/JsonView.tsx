import { prettyJson } from '../format/json';
import { CopyButton } from './CopyButton';

/** JSON for reading: laid out, never rewritten. Can be scrolled with the keyboard. */
export function JsonView({ text, label }: { text: string; label: string }) {
  const pieces = prettyJson(text);
  return (
    <div className="json-view">
      <pre className="json" tabIndex={0} role="group" aria-label={label}>
        {pieces.map((piece, index) => (
          <span key={index} className={piece.kind}>
            {piece.text}
          </span>
        ))}
      </pre>
      <CopyButton text={pieces.map((piece) => piece.text).join('')} label={`Copy: ${label}`} />
    </div>
  );
}
