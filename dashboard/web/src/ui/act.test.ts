import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, renderHook, waitFor } from '@testing-library/react';
import { createElement, type ReactNode } from 'react';
import { describe, expect, it, vi } from 'vitest';
import { useAct } from './act';

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
    act(() => result.current.start());
    await waitFor(() => expect(save).toHaveBeenCalledTimes(2));
  });

  it('can be tried again after it was refused', async () => {
    const save = vi.fn().mockRejectedValueOnce(new Error('no')).mockResolvedValueOnce('saved');
    const { result } = renderHook(() => useAct<void, string>({ act: save, changes: [], isQuiet: true }), {
      wrapper,
    });
    act(() => result.current.start());
    await waitFor(() => expect(result.current.isError).toBe(true));
    act(() => result.current.start());
    await waitFor(() => expect(result.current.isSuccess).toBe(true));
  });
});
