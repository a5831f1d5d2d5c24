import { useQuery } from '@tanstack/react-query';
import { listIntegrations } from '../../api/integrations';
import { STATES, type Status } from '../../api/types';
import { Figure } from '../../components/Figure';
import { Empty, LoadFailure, Loading } from '../../components/Notice';
import { PageHead } from '../../components/PageHead';
import { RateChart } from '../../components/RateChart';
import { STATE_LOOKS, StatusBadge } from '../../components/StatusBadge';
import { bytes, count, plural, rate, short } from '../../format/numbers';
import { duration } from '../../format/times';
import { formatRoute, Link } from '../../routing/route';
import { useHistory } from '../../status/history';
import { useStatus } from '../../status/useStatus';
import { Attention } from './Attention';
import './overview.css';

export function Overview() {
  const status = useStatus();
  const history = useHistory();
  return (
    <>
      <PageHead title="Overview">
        {status.data && (
          <p>
            Sluice {status.data.version}, running for {duration(status.data.uptime_seconds)}
          </p>
        )}
      </PageHead>
      {status.isPending && <Loading what="the status" />}
      {status.isError && <LoadFailure error={status.error} onRetry={() => status.refetch()} />}
      {status.data && (
        <div className="stack">
          <Figures status={status.data} />
          <section className="card" aria-labelledby="rates">
            <div className="card-head">
              <h2 id="rates">Events a second</h2>
              <span className="soft small">the last five minutes, as seen by this page</span>
            </div>
            <RateChart samples={history} />
          </section>
          <div className="grid-halves">
            <Attention />
            <States states={status.data.integrations} />
          </div>
        </div>
      )}
    </>
  );
}

/** The one that is furthest behind. */
function useWorstLag() {
  return useQuery({
    queryKey: ['integrations', 'furthest-behind'],
    queryFn: ({ signal }) => listIntegrations({ sort: '-lag' }, undefined, 1, signal),
    refetchInterval: 5000,
  });
}

function Figures({ status }: { status: Status }) {
  const worst = useWorstLag().data?.items[0];
  const behind = worst && worst.lag_events > 0 ? worst : undefined;
  return (
    <div className="grid-figures">
      <Figure name="Accepted" value={rate(status.accepted_per_second)} unit="events/s">
        {short(status.accepted)} since the beginning
      </Figure>
      <Figure name="Delivered" value={rate(status.delivered_per_second)} unit="events/s">
        to all integrations, over the last minute
      </Figure>
      <Figure name="Furthest behind" value={behind ? duration(behind.lag_seconds) : 'nobody'}>
        {behind ? (
          <>
            <Link to={formatRoute(['integrations', behind.id])}>{behind.id}</Link>: {plural(behind.lag_events, 'event')}
          </>
        ) : (
          'every matching event is settled'
        )}
      </Figure>
      <Figure name="Store" value={bytes(status.store.bytes)}>
        {Number(status.head) === 0
          ? 'no event yet'
          : `events ${count(Number(status.store.oldest_sequence))} to ${count(Number(status.head))}`}
        ; {bytes(status.store.disk_free_bytes)} free on its disk
      </Figure>
    </div>
  );
}

function States({ states }: { states: Status['integrations'] }) {
  const total = STATES.reduce((sum, state) => sum + (states[state] ?? 0), 0);
  return (
    <section className="card" aria-labelledby="states">
      <div className="card-head">
        <h2 id="states">Integrations by state</h2>
        <Link to="/integrations">All {count(total)}</Link>
      </div>
      {total === 0 ? (
        <Empty title="There is no integration yet.">
          An integration sends events of the streams you choose to your cloud. Make the first one under Integrations.
        </Empty>
      ) : (
        <ul className="states list-plain">
          {STATES.map((state) => (
            <li key={state}>
              <Link to={formatRoute(['integrations'], { state })} className={states[state] ? '' : 'none'}>
                <StatusBadge state={state} />
                <span className="soft small">{STATE_LOOKS[state].means}</span>
                <span className="number">{count(states[state] ?? 0)}</span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
