import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { type IntegrationFilter, listIntegrations } from '../../api/integrations';
import { Button } from '../../components/Button';
import { Icon } from '../../components/Icon';
import { Empty, LoadFailure, Loading } from '../../components/Notice';
import { PageHead } from '../../components/PageHead';
import { useDebounced } from '../../components/useDebounced';
import { plural } from '../../format/numbers';
import { formatRoute, Link, navigate } from '../../routing/route';
import type { PageProps } from '../pages';
import { Filters } from './Filters';
import { IntegrationList } from './IntegrationList';
import './integrations.css';

const PAGE = 200;
/** A list that is scrolled through is asked for again as a whole: less often the longer it has become. */
const refreshMilliseconds = (pages: number) => Math.max(5000, pages * 3000);

export function filterOf(query: URLSearchParams): IntegrationFilter {
  return {
    q: query.get('q') ?? '',
    state: query.get('state') ?? '',
    type: query.get('type') ?? '',
    sort: query.get('sort') ?? '',
  };
}

const NewIntegrationLink = () => (
  <Link to="/integrations/new" className="button button-primary">
    <Icon name="add" />
    New integration
  </Link>
);

export function Integrations({ route }: PageProps) {
  const [filter, setFilter] = useState(() => filterOf(route.query));
  const settled = useDebounced(filter);
  // The address has the filter, so that it can be sent to a colleague and Back returns to it.
  useEffect(() => navigate(formatRoute(['integrations'], { ...settled }), { replace: true }), [settled]);
  // And who comes with another address, or goes back, gets that one's.
  useEffect(() => {
    const asked = filterOf(route.query);
    if (JSON.stringify(asked) !== JSON.stringify(settled)) setFilter(asked);
  }, [route]);
  const list = useInfiniteQuery({
    queryKey: ['integrations', 'list', settled],
    queryFn: ({ pageParam, signal }) => listIntegrations(settled, pageParam, PAGE, signal),
    initialPageParam: '',
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: (before) => before,
    refetchInterval: (query) => refreshMilliseconds(query.state.data?.pages.length ?? 1),
  });
  const first = list.data?.pages[0];
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  const isFiltered = Boolean(filter.q || filter.state || filter.type);
  const clear = () => setFilter({ q: '', state: '', type: '', sort: filter.sort });

  return (
    <>
      <PageHead title="Integrations" actions={<NewIntegrationLink />}>
        <p role="status">{first ? summary(first.total, isFiltered) : ' '}</p>
      </PageHead>
      <Filters filter={filter} states={first?.states} onChange={setFilter} />
      {list.isPending && <Loading what="the integrations" />}
      {list.isError && <LoadFailure error={list.error} onRetry={() => list.refetch()} />}
      {first && items.length === 0 && !isFiltered && (
        <div className="card">
          <Empty title="There is no integration yet." action={<NewIntegrationLink />}>
            An integration sends events of the streams you choose to your cloud. One can be made here, with the sluice
            command, over the API, or in the configuration file.
          </Empty>
        </div>
      )}
      {first && items.length === 0 && isFiltered && (
        <div className="card">
          <Empty title="No integration matches." action={<Button onClick={clear}>Clear the filters</Button>}>
            Look for a part of an id, an org, a target, or of an error’s text.
          </Empty>
        </div>
      )}
      {items.length > 0 && (
        <IntegrationList
          items={items}
          total={first!.total}
          isLoadingMore={list.isFetchingNextPage}
          onEnd={() => list.hasNextPage && !list.isFetching && list.fetchNextPage()}
        />
      )}
    </>
  );
}

function summary(total: number, isFiltered: boolean) {
  return isFiltered ? `${plural(total, 'integration')} found` : plural(total, 'integration');
}
