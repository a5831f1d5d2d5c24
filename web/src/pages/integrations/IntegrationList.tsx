import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { LightIntegration } from '../../api/types';
import { StatusBadge } from '../../components/StatusBadge';
import { plural, rate, short } from '../../format/numbers';
import { duration } from '../../format/times';
import { asSentence } from '../../api/problem';
import { formatRoute, Link } from '../../routing/route';
import { destinationName } from '../../words/destinations';
import { inOneLine } from '../../words/errors';

interface Props {
  items: LightIntegration[];
  /** Of the selection, those that are not loaded yet among them. */
  total: number;
  isLoadingMore: boolean;
  /** The end of what is loaded comes into sight. */
  onEnd: () => void;
}

/** Draws only the rows in sight: ten thousand cost as much as thirty. The page scrolls, not a box within it. */
export function IntegrationList({ items, total, isLoadingMore, onEnd }: Props) {
  const list = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  // What stands above may change its height: filters wrap on a narrow window.
  useLayoutEffect(() => setTop(Math.round((list.current?.getBoundingClientRect().top ?? 0) + window.scrollY)));
  const rows = useWindowVirtualizer({
    count: items.length,
    estimateSize: () => 57,
    overscan: 10,
    scrollMargin: top,
    getItemKey: (index) => items[index]!.id,
  });
  const drawn = rows.getVirtualItems();
  const last = drawn.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= items.length - 20) onEnd();
  }, [last, items.length]);

  return (
    <div className="integration-list card" role="table" aria-label="Integrations" aria-rowcount={total + 1}>
      <div role="rowgroup">
        <div role="row" aria-rowindex={1} className="integration-row integration-head">
          <span role="columnheader">Integration</span>
          <span role="columnheader">State</span>
          <span role="columnheader" className="number">
            Delivered
          </span>
          <span role="columnheader" className="number">
            Behind
          </span>
          <span role="columnheader">What is wrong</span>
        </div>
      </div>
      <div role="rowgroup" ref={list} className="virtual" style={{ height: rows.getTotalSize() }}>
        {drawn.map((row) => (
          <div
            key={row.key}
            ref={rows.measureElement}
            data-index={row.index}
            role="row"
            aria-rowindex={row.index + 2}
            className="integration-row"
            style={{ transform: `translateY(${row.start - top}px)` }}
          >
            <Cells item={items[row.index]!} />
          </div>
        ))}
      </div>
      {isLoadingMore && (
        <p className="loading" role="status">
          Loading more…
        </p>
      )}
    </div>
  );
}

function Cells({ item }: { item: LightIntegration }) {
  const isBehind = item.lag_events > 0;
  return (
    <>
      <span role="cell" className="cell-name">
        <Link className="row-link" to={formatRoute(['integrations', item.id])}>
          {item.id}
        </Link>
        <span className="soft small">
          {destinationName(item.type)} · {item.org}
        </span>
      </span>
      <span role="cell" className="cell-state">
        <StatusBadge state={item.state} />
      </span>
      <span role="cell" className="cell-rate number">
        {rate(item.delivered_per_second)}/s
        <span className="soft small">{short(item.delivered)} in all</span>
      </span>
      <span role="cell" className="cell-lag number">
        {isBehind ? duration(item.lag_seconds) : '–'}
        {isBehind && <span className="soft small">{plural(item.lag_events, 'event')}</span>}
      </span>
      <span role="cell" className="cell-error small">
        <Wrong item={item} />
      </span>
    </>
  );
}

/** What is wrong now. An error that is over does not stand beside “Running”. */
function Wrong({ item }: { item: LightIntegration }) {
  const letters = item.dead_lettered > 0 && `${plural(item.dead_lettered, 'dead letter')}. `;
  if (item.state === 'running') return letters ? <span>{letters}</span> : <span className="soft">Nothing</span>;
  const error = item.last_error;
  return (
    <span className="clamp" title={error?.hint ? `What to do: ${asSentence(error.hint)}` : undefined}>
      {letters}
      {error && item.state !== 'paused' ? inOneLine(error) : asSentence(item.reason)}
    </span>
  );
}
