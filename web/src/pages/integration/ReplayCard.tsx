import { asSentence } from '../../api/problem';
import type { Replay } from '../../api/types';
import { count, percent } from '../../format/numbers';
import { replayProgress } from './replay';

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
