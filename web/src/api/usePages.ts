import { useInfiniteQuery } from '@tanstack/react-query';
import type { Page } from './types';

/** A list that comes in pages, put together: `fetchNextPage` gets more while `hasNextPage`. */
export function usePages<Item>(key: unknown[], read: (after: string, signal: AbortSignal) => Promise<Page<Item>>) {
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => read(pageParam, signal),
    initialPageParam: '',
    getNextPageParam: (page) => page.next ?? undefined,
  });
  return { ...query, items: query.data?.pages.flatMap((page) => page.items) ?? [] };
}
