import { useInfiniteQuery, useQuery, type QueryKey, type UseQueryOptions } from '@tanstack/react-query';
import type { Page } from './types';

/** Whose data a query holds: everything of a tenant is under its id, so that the live feed can refresh it. */
export const keys = {
  tenant: (tenant: string, ...rest: unknown[]): QueryKey => ['tenant', tenant, ...rest],
  agency: (agency: string, ...rest: unknown[]): QueryKey => ['agency', agency, ...rest],
};

type Extra<T> = Omit<UseQueryOptions<T>, 'queryKey' | 'queryFn'>;

export function useApi<T>(key: QueryKey, ask: () => Promise<T>, extra: Extra<T> = {}) {
  return useQuery<T>({ queryKey: key, queryFn: ask, ...extra });
}

/** A list that is read page by page, as one flat list. */
export function usePages<T>(
  key: QueryKey,
  ask: (cursor: string | undefined) => Promise<Page<T>>,
  extra: { enabled?: boolean; refetchInterval?: number } = {},
) {
  const query = useInfiniteQuery({
    queryKey: [...key, 'pages'],
    queryFn: ({ pageParam }) => ask(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: Page<T>) => last.next_cursor ?? undefined,
    ...extra,
  });
  return { ...query, items: query.data?.pages.flatMap((page) => page.items) ?? [] };
}

export type Pages<T> = ReturnType<typeof usePages<T>>;
