import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Post } from '@/api/types';
import { byDay, shiftMonth, weeksOf } from './calendar';
import { countCaption } from './caption';
import { partBytes, upload } from './upload';

describe('a month', () => {
  it('is shown in whole weeks from Monday on', () => {
    const weeks = weeksOf('2026-11');
    expect(weeks).toHaveLength(6);
    expect(weeks[0]?.[0]).toBe('2026-10-26');
    expect(weeks.at(-1)?.[6]).toBe('2026-12-06');
    expect(weeksOf('2027-02')).toHaveLength(4);
  });

  it('has one before and one after it', () => {
    expect(shiftMonth('2026-12', 1)).toBe('2027-01');
    expect(shiftMonth('2026-01', -1)).toBe('2025-12');
  });

  it('holds posts on the day of the tenant, in order', () => {
    const post = (id: string, at: string) =>
      ({ id, scheduled_at: at, published_at: null }) as unknown as Post;
    const days = byDay(
      [
        post('b', '2026-11-27T23:30:00Z'),
        post('a', '2026-11-27T22:30:00Z'),
        post('none', null as unknown as string),
      ],
      'Europe/Berlin',
    );
    expect([...days.entries()].map(([day, posts]) => [day, posts.map((it) => it.id)])).toEqual([
      ['2026-11-27', ['a']],
      ['2026-11-28', ['b']],
    ]);
  });
});

describe('a caption', () => {
  it('is counted as Instagram counts it', () => {
    expect(countCaption('Olá @ana.b! #café #2026 mail a@b.c ❤️')).toEqual({
      characters: 37,
      hashtags: 2,
      mentions: 1,
    });
  });
});

describe('an upload', () => {
  afterEach(() => void vi.unstubAllGlobals());

  it('goes on behind what arrived when the connection breaks', async () => {
    const size = partBytes * 2 + 10;
    const file = new File([new Uint8Array(size)], 'reel.mp4');
    const parts: number[] = [];
    let received = 0;
    let isBroken = true;
    const json = (body: unknown) => new Response(JSON.stringify(body), { status: 200 });
    vi.stubGlobal('fetch', async (request: Request) => {
      const { pathname, searchParams } = new URL(request.url);
      if (pathname.endsWith('/complete')) return json({ id: 'med_1' });
      if (request.method === 'PUT') {
        const offset = Number(searchParams.get('offset'));
        parts.push(offset);
        if (offset === partBytes && isBroken) {
          isBroken = false;
          // It arrived, but the answer was lost.
          received = partBytes * 2;
          throw new TypeError('Failed to fetch');
        }
        received = Math.min(offset + partBytes, size);
        return json({ received });
      }
      return json({ id: 'upl_1', received });
    });
    const progress: number[] = [];
    const media = await upload('ten_1', file, {
      signal: new AbortController().signal,
      onProgress: (sent) => progress.push(sent),
      pause: async () => undefined,
    });
    expect(media).toEqual({ id: 'med_1' });
    expect(parts).toEqual([0, partBytes, partBytes * 2]);
    expect(progress).toEqual([partBytes, partBytes * 2, size]);
  });
});
