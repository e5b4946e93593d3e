import { describe, expect, it } from 'vitest';
import type { Grant, Session } from '@/api/session';
import { agenciesOf, firstPage, roleMay, tenantRole } from './permissions';
import { tokenOf } from './token';

const grant = (part: Partial<Grant>): Grant => ({
  agency: 'agy_1',
  agency_name: 'North',
  tenant: null,
  tenant_name: null,
  role: 'viewer',
  ...part,
});

const session = (...grants: Grant[]): Session => ({
  user: { id: 'usr_1', name: 'Ana', email: 'ana@example.com' },
  csrf_token: '',
  expires_at: '',
  ends_at: '',
  grants,
});

describe('what somebody may do', () => {
  it('a grant of the agency counts for every tenant of it, and for no other', () => {
    const it = session(grant({ role: 'operator' }));
    expect(tenantRole(it, 'agy_1', 'ten_1')).toBe('operator');
    expect(tenantRole(it, 'agy_2', 'ten_9')).toBeNull();
  });

  it('the higher of two grants counts', () => {
    const it = session(
      grant({ role: 'viewer' }),
      grant({ tenant: 'ten_1', tenant_name: 'Acme', role: 'manager' }),
    );
    expect(tenantRole(it, 'agy_1', 'ten_1')).toBe('manager');
    expect(tenantRole(it, 'agy_1', 'ten_2')).toBe('viewer');
  });

  it('a client changes nothing but what they are asked about', () => {
    expect(roleMay('client', 'view')).toBe(false);
    expect(roleMay('viewer', 'operate')).toBe(false);
    expect(roleMay('manager', 'operate')).toBe(true);
    expect(roleMay('manager', 'own')).toBe(false);
  });

  it('begins at the agency, or at the one tenant that is open', () => {
    expect(firstPage(session(grant({})))).toBe('/agencies/agy_1');
    const one = grant({ tenant: 'ten_1', tenant_name: 'Acme', role: 'client' });
    expect(firstPage(session(one))).toBe('/tenants/ten_1');
    expect(agenciesOf(session(one))[0]).toMatchObject({
      role: null,
      tenants: [{ id: 'ten_1', name: 'Acme' }],
    });
  });
});

describe('the link of an e-mail', () => {
  it('carries its token behind the hash', () => {
    expect(tokenOf('#token=abc%2B1')).toBe('abc+1');
    expect(tokenOf('#token=')).toBeNull();
    expect(tokenOf('')).toBeNull();
  });
});
