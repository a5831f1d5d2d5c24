import { asSentence } from '../../api/problem';
import type { Stats } from '../../api/types';
import { Time } from '../../components/Time';
import { count } from '../../format/numbers';
import { errorTitle } from '../../words/errors';

/** Targets that refuse. Those that accept are not told of. */
export function Targets({ stats }: { stats: Stats }) {
  const refusing = Object.entries(stats.targets);
  if (refusing.length === 0) return null;
  return (
    <section className="card" aria-labelledby="targets">
      <div className="card-head">
        <h2 id="targets">Targets that refuse</h2>
      </div>
      <div className="table-scroll" tabIndex={0} role="group" aria-labelledby="targets">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Target</th>
              <th scope="col">What is wrong</th>
              <th scope="col" className="number">
                Waiting
              </th>
              <th scope="col">Since</th>
              <th scope="col">Next attempt</th>
            </tr>
          </thead>
          <tbody>
            {refusing.map(([name, error]) => (
              <tr key={name}>
                <th scope="row" className="break">
                  {name}
                </th>
                <td className="break">
                  {errorTitle(error)}: {asSentence(error.message)} <code>{error.code}</code>
                  {error.hint && (
                    <>
                      <br />
                      <strong>What to do: </strong>
                      {asSentence(error.hint)}
                    </>
                  )}
                </td>
                <td className="number">{count(error.pending)}</td>
                <td>
                  <Time at={error.since} />
                </td>
                <td>{error.next_attempt_at ? <Time at={error.next_attempt_at} /> : '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {stats.targets_left_out > 0 && <p>And {count(stats.targets_left_out)} more, for which fewer events wait.</p>}
    </section>
  );
}
