import type { Source } from './wire';

const places: Record<string, (id: string) => string> = {
  dec: (id) => `decisions/${id}`,
  cnv: (id) => `inbox/${id}`,
  apr: () => 'approvals',
  alr: () => 'alerts',
  led: () => 'leads',
  post: (id) => `content/posts/${id}`,
  pst: (id) => `content/posts/${id}`,
  rule: (id) => `rules/${id}`,
  rul: (id) => `rules/${id}`,
  rpt: (id) => `reports?report=${id}`,
};

/** Where a record can be read: its own page, or its entries in the audit log. */
export function placeOf(source: Pick<Source, 'id'>): string {
  const prefix = source.id.split('_')[0] ?? '';
  const place = places[prefix];
  return place === undefined ? `audit?resource_id=${encodeURIComponent(source.id)}` : place(source.id);
}
