import { asSentence } from '../../api/problem';
import type { Replay } from '../../api/types';
import { count, percent } from '../../format/numbers';

/** How far a replay from `from` to `to` has come, from 0 to 1. */
export function replayProgress({ from, to, position }: Pick<Replay, 'from' | 'to' | 'position'>): number {
  const whole = Number(to) - Number(from) + 1;
  const done = Number(position) - Number(from) + 1;
  return whole > 0 ? Math.min(1, Math.max(0, done / whole)) : 1;
}

export function ReplayCard({ replay }: { replay: Replay }) {
  const share = replayProgress(replay);
  return (
    <section className="card" aria-labelledby="replay">
      <div className="card-head">
        <h2 id="replay">Replay</h2>
        <span className="soft small">
          sequences {replay.from} to {replay.to}
        </span>
      </div>
      {replay.running && <progress className="progress" aria-labelledby="replay" max={1} value={share} />}
      <p className="small">
        {replay.running
          ? `Under way: ${percent(share)}.`
          : replay.ended
            ? `Ended early, at ${replay.position}: ${asSentence(replay.ended)}`
            : 'Finished.'}{' '}
        {count(replay.delivered)} sent again
        {replay.refused > 0 && `, ${count(replay.refused)} refused by the destination`}.
      </p>
    </section>
  );
}
