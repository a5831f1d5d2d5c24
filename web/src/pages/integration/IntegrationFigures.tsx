import type { Stats } from '../../api/types';
import { Figure } from '../../components/Figure';
import { Time } from '../../components/Time';
import { bytes, count, percent, plural, rate, short } from '../../format/numbers';
import { duration, latency } from '../../format/times';

const BREAKER_WORDS = {
  closed: '',
  open: 'The whole destination refuses: nothing is sent until the next attempt.',
  half_open: 'The destination is being tried again, with one event at a time.',
};

export function IntegrationFigures({ stats }: { stats: Stats }) {
  return (
    <div className="grid-figures">
      <Figure name="Delivered" value={rate(stats.delivered_per_second)} unit="events/s">
        {stats.last_delivery ? (
          <>
            last <Time at={stats.last_delivery} />; {bytes(stats.bytes)} in all
            {stats.latency_seconds !== null && (
              <>; {latency(stats.latency_seconds)} from stored to accepted, over the last minute</>
            )}
          </>
        ) : (
          'nothing yet'
        )}
      </Figure>
      <Figure name="Behind" value={stats.lag_events ? duration(stats.lag_seconds) : 'caught up'}>
        {stats.lag_events ? `${plural(stats.lag_events, 'event')} not settled` : `at sequence ${stats.position}`}
        {BREAKER_WORDS[stats.breaker] && <>. {BREAKER_WORDS[stats.breaker]}</>}
      </Figure>
      <Figure name="In flight" value={short(stats.in_flight)} unit="events">
        {plural(stats.retries, 'retry', 'retries')}; {count(stats.duplicates_possible)} possibly sent twice
      </Figure>
      <Figure name="Backlog" value={bytes(stats.backlog.bytes)}>
        {percent(stats.backlog.of_hard_limit)} of the hard limit
        {stats.backlog.of_hard_limit >= 0.5 && ': beyond it the oldest events are lost'}
      </Figure>
    </div>
  );
}
