import { asSentence } from '../../api/problem';
import type { DeadLetter } from '../../api/types';
import { Button } from '../../components/Button';
import { Time } from '../../components/Time';
import { errorTitle } from '../../words/errors';

interface Props {
  letters: DeadLetter[];
  chosen: ReadonlySet<string>;
  onChoose: (chosen: ReadonlySet<string>) => void;
  onShow: (sequence: string) => void;
}

export function DeadLetterTable({ letters, chosen, onChoose, onShow }: Props) {
  const toggle = (sequence: string) => {
    const next = new Set(chosen);
    if (!next.delete(sequence)) next.add(sequence);
    onChoose(next);
  };
  const areAllChosen = letters.every((letter) => chosen.has(letter.sequence));
  return (
    <div className="table-scroll" tabIndex={0} role="group" aria-labelledby="letters">
      <table className="table letters">
        <thead>
          <tr>
            <th scope="col">
              <input
                type="checkbox"
                aria-label="Choose all that are shown"
                checked={areAllChosen}
                onChange={() => onChoose(areAllChosen ? new Set() : new Set(letters.map((letter) => letter.sequence)))}
              />
            </th>
            <th scope="col">Event</th>
            <th scope="col">Why it was refused</th>
            <th scope="col">When</th>
            <th scope="col" className="actions">
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {letters.map((letter) => (
            <tr key={letter.sequence}>
              <td>
                <input
                  type="checkbox"
                  aria-label={`Choose ${letter.sequence}`}
                  checked={chosen.has(letter.sequence)}
                  onChange={() => toggle(letter.sequence)}
                />
              </td>
              <td className="break">
                {letter.recType}
                <br />
                <span className="soft">
                  {letter.event_type} <code>{letter.id}</code>, sequence {letter.sequence}
                </span>
              </td>
              <td className="break">
                {errorTitle(letter)}: {asSentence(letter.message)}
                <br />
                <span className="soft">
                  <code>{letter.code}</code>
                  {letter.target && ` at ${letter.target}`}
                  {letter.attempts > 1 && `, tried ${letter.attempts} times`}
                </span>
              </td>
              <td>
                <Time at={letter.at} />
              </td>
              <td className="actions">
                <Button
                  small
                  aria-label={`Show the payload of ${letter.sequence}`}
                  onClick={() => onShow(letter.sequence)}
                >
                  Payload
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
