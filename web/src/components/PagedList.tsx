import type { ReactNode } from 'react';
import { Problem } from '../api/problem';
import { Button } from './Button';
import { LoadFailure, Loading, Notice } from './Notice';

interface Props {
  what: string;
  list: {
    isPending: boolean;
    isError: boolean;
    error: unknown;
    items: unknown[];
    hasNextPage: boolean;
    isFetchingNextPage: boolean;
    refetch: () => unknown;
    fetchNextPage: () => unknown;
  };
  /** Shown when there is none. */
  empty: ReactNode;
  /** What a token needs to see this, for who has it not. */
  needs: string;
  children: ReactNode;
}

/** A list's states: loading, refused, failed, empty, there; and the button for more of it. */
export function PagedList({ what, list, empty, needs, children }: Props) {
  if (list.isPending) return <Loading what={what} />;
  if (list.isError) {
    if (list.error instanceof Problem && list.error.status === 403) return <Notice tone="warn">{needs}</Notice>;
    return <LoadFailure error={list.error} onRetry={() => list.refetch()} />;
  }
  if (list.items.length === 0) return <div className="card">{empty}</div>;
  return (
    <div className="card">
      {children}
      {list.hasNextPage && (
        <div className="more">
          <Button busy={list.isFetchingNextPage} onClick={() => list.fetchNextPage()}>
            {list.isFetchingNextPage ? 'Loading…' : 'Show more'}
          </Button>
        </div>
      )}
    </div>
  );
}
