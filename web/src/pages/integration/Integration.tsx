import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { readIntegration } from '../../api/integrations';
import { Problem } from '../../api/problem';
import type { Integration as Item } from '../../api/types';
import { Empty, LoadFailure, Loading } from '../../components/Notice';
import { PageHead } from '../../components/PageHead';
import { StatusBadge } from '../../components/StatusBadge';
import { Link } from '../../routing/route';
import { destinationName } from '../../words/destinations';
import type { PageProps } from '../pages';
import { Actions } from './Actions';
import { DeadLetters } from './DeadLetters';
import { IntegrationFigures } from './IntegrationFigures';
import './integration.css';
import { LedgerCard } from './LedgerCard';
import { ReplayCard } from './ReplayCard';
import { SettingsCard } from './SettingsCard';
import { Targets } from './Targets';
import { Trouble } from './Trouble';

export function Integration({ route }: PageProps) {
  const id = route.parts[1]!;
  const queries = useQueryClient();
  const [gone, setGone] = useState(false);
  const read = useQuery({
    queryKey: ['integration', id],
    queryFn: ({ signal }) => readIntegration(id, signal),
    refetchInterval: 2000,
    enabled: !gone,
  });
  const refresh = () => queries.invalidateQueries({ queryKey: ['integration', id] });
  const isMissing = read.error instanceof Problem && read.error.status === 404;
  const item = isMissing ? undefined : read.data?.data;
  return (
    <>
      <Link to="/integrations" className="crumb">
        All integrations
      </Link>
      <PageHead
        title={id}
        beside={item && <StatusBadge state={item.state} />}
        actions={item && <Actions item={item} onChanged={refresh} onDeleted={() => setGone(true)} />}
      >
        {item && (
          <p>
            {destinationName(item.destination.type)} · {item.org} ·{' '}
            {item.source === 'file' ? 'from the configuration file' : 'made over the API'}
          </p>
        )}
      </PageHead>
      {read.isPending && <Loading what="the integration" />}
      {isMissing && (
        <div className="card">
          <Empty title="There is no such integration." action={<Link to="/integrations">All integrations</Link>}>
            It was deleted, or belongs to an org that you are not signed in for.
          </Empty>
        </div>
      )}
      <div className="stack">
        {read.isError && !isMissing && <LoadFailure error={read.error} onRetry={() => read.refetch()} />}
        {item && <Details item={item} etag={read.data!.etag} onChanged={refresh} />}
      </div>
    </>
  );
}

function Details({ item, etag, onChanged }: { item: Item; etag: string | null; onChanged: () => void }) {
  return (
    <>
      <Trouble item={item} />
      <IntegrationFigures stats={item.stats} />
      <LedgerCard stats={item.stats} />
      <Targets stats={item.stats} />
      {item.replay && <ReplayCard replay={item.replay} />}
      <DeadLetters id={item.id} held={item.stats.dead_lettered} onChanged={onChanged} />
      <SettingsCard item={item} etag={etag} onChanged={onChanged} />
    </>
  );
}
