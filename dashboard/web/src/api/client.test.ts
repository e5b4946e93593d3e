import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { authorisedFetch, onSessionEnded } from './client';
import { rememberSession, type Session } from './session';

const session = (token: string): Session => ({
  user: { id: 'usr_1', name: 'Ana', email: 'ana@example.com' },
  csrf_token: token,
  expires_at: '2026-11-27T12:00:00Z',
  ends_at: '2026-11-27T12:00:00Z',
  grants: [],
});

const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });
const expired = () => json({ title: 'Sign in' }, 401);
const post = () =>
  new Request('http://localhost/api/v1/things', { method: 'POST', body: '{"typed":"words"}' });

describe('a request', () => {
  const sent: { url: string; csrf: string | null; body: string }[] = [];
  let answers: (() => Response)[] = [];
  let refresh: () => Response = () => json(session('fresh'));

  beforeEach(() => {
    sent.length = 0;
    refresh = () => json(session('fresh'));
    rememberSession(session('old'));
    vi.stubGlobal('fetch', async (input: Request | string, init?: RequestInit) => {
      if (typeof input === 'string') return input.endsWith('/session/refresh') ? refresh() : json(init ?? {});
      sent.push({ url: input.url, csrf: input.headers.get('X-CSRF-Token'), body: await input.text() });
      return (answers.shift() ?? (() => json({})))();
    });
  });

  afterEach(() => {
    vi.unstubAllGlobals();
    onSessionEnded(null);
  });

  it('proves that it comes from this page', async () => {
    answers = [];
    await authorisedFetch(post());
    expect(sent[0]?.csrf).toBe('old');
  });

  it('is sent again, whole, after the session was refreshed', async () => {
    answers = [expired, () => json({ ok: true })];
    const response = await authorisedFetch(post());
    expect(response.status).toBe(200);
    expect(sent.map((it) => [it.csrf, it.body])).toEqual([
      ['old', '{"typed":"words"}'],
      ['fresh', '{"typed":"words"}'],
    ]);
  });

  it('waits for the person when the session cannot be refreshed', async () => {
    answers = [expired, () => json({ ok: true })];
    refresh = () => expired();
    let signIn = () => undefined as void;
    onSessionEnded(() => new Promise((resolve) => (signIn = resolve)));
    const asked = authorisedFetch(post());
    await vi.waitFor(() => expect(sent).toHaveLength(1));
    await new Promise((resolve) => setTimeout(resolve, 20));
    rememberSession(session('again'));
    signIn();
    expect((await asked).status).toBe(200);
    expect(sent.at(-1)).toMatchObject({ csrf: 'again', body: '{"typed":"words"}' });
  });

  it('refreshes once for many that find the session expired', async () => {
    let refreshed = 0;
    refresh = () => {
      refreshed += 1;
      return json(session('fresh'));
    };
    answers = [expired, expired, expired];
    await Promise.all([authorisedFetch(post()), authorisedFetch(post()), authorisedFetch(post())]);
    expect(refreshed).toBe(1);
  });
});
