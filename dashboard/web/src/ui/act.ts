import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient, type QueryKey } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { asApiError, type ApiError } from '@/api/problem';
import { newPresses } from './press';

export function tellProblem(error: unknown) {
  const problem = asApiError(error);
  notifications.show({
    color: 'red',
    title: problem.isStale ? 'It has changed in the meantime' : problem.title,
    message: problem.message,
    autoClose: 9000,
  });
}

export const tellDone = (message: string) => notifications.show({ message, autoClose: 4000 });

/**
 * Something a person does to the state of the server: says when it is done or why not, and reads again what it
 * changed. Starting it once more does nothing while it runs, nor for a moment afterwards: however fast the answer was,
 * the second click of a double click belongs to the first (`press.ts`).
 */
export function useAct<V = void, T = unknown>(options: {
  act: (value: V) => Promise<T>;
  changes: QueryKey[];
  done?: string | ((result: T, value: V) => string);
  onDone?: (result: T, value: V) => void;
  onProblem?: (problem: ApiError) => void;
  /** Whether problems are shown elsewhere, such as in a form. */
  isQuiet?: boolean;
  /**
   * Whether it is done for good once it succeeded, as in a form that then closes or shows what came of it: not even a late
   * second press starts anything. Opening the form anew, or `reset`, makes it ready again.
   */
  once?: boolean | ((result: T) => boolean);
}) {
  const queries = useQueryClient();
  // The state of the mutation is told a moment later: too late for a double click.
  const isRunning = useRef(false);
  const isOver = useRef(false);
  const [presses] = useState(newPresses);
  const mutation = useMutation<T, unknown, V>({
    mutationFn: options.act,
    onSuccess: (result, value) => {
      isOver.current = typeof options.once === 'function' ? options.once(result) : options.once === true;
      if (options.done !== undefined) {
        tellDone(typeof options.done === 'string' ? options.done : options.done(result, value));
      }
      options.onDone?.(result, value);
    },
    onError: (error) => {
      if (options.isQuiet !== true) tellProblem(error);
      options.onProblem?.(asApiError(error));
    },
    onSettled: async () => {
      isRunning.current = false;
      await Promise.all(options.changes.map((queryKey) => queries.invalidateQueries({ queryKey })));
      presses.isOver();
    },
  });
  const start = (value: V) => {
    const isNew = presses.isNew();
    if (!isNew || isRunning.current || isOver.current || mutation.isPending) return;
    isRunning.current = true;
    mutation.mutate(value);
  };
  const reset = () => {
    isOver.current = false;
    presses.forget();
    mutation.reset();
  };
  // What is over stays as it is while its form closes.
  const isPending = mutation.isPending || (isOver.current && mutation.isSuccess);
  return { ...mutation, isPending, start, reset };
}
