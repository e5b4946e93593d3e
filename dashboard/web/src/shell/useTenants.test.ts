import { describe, expect, it } from 'vitest';
import { matching, type KnownTenant } from './useTenants';

const tenants: KnownTenant[] = Array.from({ length: 5000 }, (_, index) => ({
  id: `ten_${index}`,
  name: `Café ${index}`,
  detail: `cafe-${index}`,
  agency: 'agy_1',
  isSuspended: false,
}));

describe('searching thousands of tenants', () => {
  it('finds by every word, in any order and case', () => {
    expect(matching(tenants, '4999 CAFÉ').map((it) => it.id)).toEqual(['ten_4999']);
    expect(matching(tenants, '  ')).toHaveLength(5000);
    expect(matching(tenants, 'bakery')).toEqual([]);
  });
});
