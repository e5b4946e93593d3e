import { describe, expect, it, vi } from 'vitest';
import { tellSignedOut, watchSignedOut } from './leaving';

/** A browser tells the other tabs what one has stored. */
const heardFrom = (key: string) =>
  window.dispatchEvent(new StorageEvent('storage', { key, newValue: localStorage.getItem(key) }));

describe('signing out in another tab', () => {
  it('is heard at once', () => {
    const onSignedOut = vi.fn();
    const { hasLeft, end } = watchSignedOut(onSignedOut);
    expect(hasLeft()).toBe(false);
    tellSignedOut();
    heardFrom('troupe.signed-out');
    expect(onSignedOut).toHaveBeenCalledTimes(1);
    expect(hasLeft()).toBe(true);
    end();
  });

  it('is noticed by a tab that slept meanwhile', () => {
    const onSignedOut = vi.fn();
    const { end } = watchSignedOut(onSignedOut);
    tellSignedOut();
    document.dispatchEvent(new Event('visibilitychange'));
    expect(onSignedOut).toHaveBeenCalledTimes(1);
    end();
  });

  it('is over once somebody has signed in again', () => {
    tellSignedOut();
    const onSignedOut = vi.fn();
    const { hasLeft, end } = watchSignedOut(onSignedOut);
    document.dispatchEvent(new Event('visibilitychange'));
    localStorage.setItem('troupe.theme', 'dark');
    heardFrom('troupe.theme');
    expect([onSignedOut.mock.calls.length, hasLeft()]).toEqual([0, false]);
    end();
  });
});
