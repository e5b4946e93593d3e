import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, renderHook, waitFor } from '@testing-library/react';
import { createElement, type ReactNode } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { useAct } from './act';
import { aMoment } from './press';

let now = 100_000;
/** Somebody looks at what came of it before they press again. */
const rest = () => (now += aMoment);
beforeEach(() => void vi.spyOn(performance, 'now').mockImplementation(() => now));
afterEach(() => vi.restoreAllMocks());

const wrapper = ({ children }: { children: ReactNode }) =>
  createElement(QueryClientProvider, { client: new QueryClient() }, children);

describe('something a person does', () => {
  it('is done once by two presses in a row, and again by a later one', async () => {
    let answer: (value: string) => void = () => undefined;
    const save = vi.fn(() => new Promise<string>((resolve) => (answer = resolve)));
    const { result } = renderHook(() => useAct<void, string>({ act: save, changes: [] }), { wrapper });
    act(() => {
      result.current.start();
      result.current.start();
    });
    await waitFor(() => expect(save).toHaveBeenCalledTimes(1));
    act(() => answer('saved'));
    await waitFor(() => expect(result.current.isSuccess).toBe(true));
    rest();
    act(() => result.current.start());
    await waitFor(() => expect(save).toHaveBeenCalledTimes(2));
  });

  it('is done once by the two presses of a double click, however fast the answer was', async () => {
    const send = vi.fn().mockResolvedValue('sent');
    const { result } = renderHook(() => useAct<void, string>({ act: send, changes: [] }), { wrapper });
    act(() => result.current.start());
    await waitFor(() => expect(result.current.isSuccess).toBe(true));
    act(() => result.current.start());
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(send).toHaveBeenCalledTimes(1);
  });

  it('can be tried again after it was refused', async () => {
    const save = vi.fn().mockRejectedValueOnce(new Error('no')).mockResolvedValueOnce('saved');
    const { result } = renderHook(() => useAct<void, string>({ act: save, changes: [], isQuiet: true }), {
      wrapper,
    });
    act(() => result.current.start());
    await waitFor(() => expect(result.current.isError).toBe(true));
    rest();
    act(() => result.current.start());
    await waitFor(() => expect(result.current.isSuccess).toBe(true));
  });

  it('is done once for good where its form closes, however late the second press comes', async () => {
    const save = vi.fn().mockResolvedValue('saved');
    const { result } = renderHook(() => useAct<void, string>({ act: save, changes: [], once: true }), {
      wrapper,
    });
    // The form of the first press is still on the screen: a page that loads, a dialog that fades out.
    const pressed = result.current.start;
    act(() => pressed());
    await waitFor(() => expect(result.current.isSuccess).toBe(true));
    act(() => pressed());
    rest();
    act(() => result.current.start());
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(save).toHaveBeenCalledTimes(1);
    expect(result.current.isPending).toBe(true);
  });

  it('can be tried again after it was refused, also where it is done once', async () => {
    const save = vi.fn().mockRejectedValueOnce(new Error('no')).mockResolvedValueOnce('saved');
    const { result } = renderHook(
      () => useAct<void, string>({ act: save, changes: [], isQuiet: true, once: true }),
      { wrapper },
    );
    act(() => result.current.start());
    await waitFor(() => expect(result.current.isError).toBe(true));
    rest();
    act(() => result.current.start());
    await waitFor(() => expect(result.current.isSuccess).toBe(true));
    // Begun anew on purpose.
    act(() => result.current.reset());
    act(() => result.current.start());
    await waitFor(() => expect(save).toHaveBeenCalledTimes(3));
  });

  it('is not over while its result says that it was not done', async () => {
    const save = vi.fn().mockResolvedValueOnce({ done: false }).mockResolvedValueOnce({ done: true });
    const { result } = renderHook(
      () => useAct<void, { done: boolean }>({ act: save, changes: [], once: (it) => it.done }),
      { wrapper },
    );
    for (let press = 0; press < 3; press += 1) {
      act(() => result.current.start());
      await waitFor(() => expect(result.current.isSuccess).toBe(true));
      rest();
    }
    expect(save).toHaveBeenCalledTimes(2);
  });
});
