import { useQuery } from '@tanstack/react-query';
import { listIntegrations } from '../../api/integrations';
import type { LightIntegration } from '../../api/types';
import { Icon } from '../../components/Icon';
import { LoadFailure, Loading } from '../../components/Notice';
import { StatusBadge } from '../../components/StatusBadge';
import { count, plural } from '../../format/numbers';
import { duration } from '../../format/times';
import { formatRoute, Link } from '../../routing/route';
import { asSentence } from '../../api/problem';
import { errorTitle } from '../../words/errors';

const SHOWN = 6;

/** What a person has to look at, the worst first: who is stuck or refused, and why. */
export function Attention() {
  const list = useQuery({
    queryKey: ['integrations', 'attention'],
    queryFn: async ({ signal }) => {
      const [stuck, left] = await Promise.all([
        listIntegrations({ state: 'failing,blocked', sort: '-state' }, undefined, SHOWN, signal),
        listIntegrations({ state: 'throttled', sort: '-lag' }, undefined, SHOWN, signal),
      ]);
      return { items: [...stuck.items, ...left.items].slice(0, SHOWN), total: stuck.total + left.total };
    },
    refetchInterval: 5000,
  });
  return (
    <section className="card" aria-labelledby="attention">
      <div className="card-head">
        <h2 id="attention">Needs attention</h2>
        {list.data && list.data.total > SHOWN && (
          <Link to={formatRoute(['integrations'], { sort: '-state' })}>All {count(list.data.total)}</Link>
        )}
      </div>
      {list.isPending && <Loading what="the integrations" />}
      {list.isError && <LoadFailure error={list.error} onRetry={() => list.refetch()} />}
      {list.data?.total === 0 && (
        <p className="row soft">
          <Icon name="check" /> Nothing. Every integration delivers, or was paused by somebody.
        </p>
      )}
      <ul className="attention list-plain">
        {list.data?.items.map((item) => (
          <li key={item.id}>
            <Cause item={item} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Cause({ item }: { item: LightIntegration }) {
  const error = item.last_error;
  return (
    <>
      <div className="spread">
        <Link className="break" to={formatRoute(['integrations', item.id])}>
          {item.id}
        </Link>
        <StatusBadge state={item.state} />
      </div>
      <p className="small break">
        {error ? `${errorTitle(error)}: ${error.message || error.code}` : asSentence(item.reason)}
      </p>
      {error?.hint && (
        <p className="small break">
          <strong>What to do: </strong>
          {asSentence(error.hint)}
        </p>
      )}
      {item.lag_events > 0 && (
        <p className="soft small">
          {plural(item.lag_events, 'event')} waiting, the oldest for {duration(item.lag_seconds)}
        </p>
      )}
    </>
  );
}
