import { useQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import type { Status } from '../api/types';

/** The node's status, asked for every two seconds for as long as a page that shows it is in sight. */
export function useStatus() {
  return useQuery({
    queryKey: ['status'],
    queryFn: ({ signal }) => get<Status>('/v1/status', { signal }),
    refetchInterval: 2000,
  });
}
