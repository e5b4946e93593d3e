import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient, type QueryKey } from '@tanstack/react-query';
import { asApiError, type ApiError } from '@/api/problem';

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
 * changed. While it runs, starting it once more does nothing.
 */
export function useAct<V = void, T = unknown>(options: {
  act: (value: V) => Promise<T>;
  changes: QueryKey[];
  done?: string | ((result: T, value: V) => string);
  onDone?: (result: T, value: V) => void;
  onProblem?: (problem: ApiError) => void;
  /** Whether problems are shown elsewhere, such as in a form. */
  isQuiet?: boolean;
}) {
  const queries = useQueryClient();
  const mutation = useMutation<T, unknown, V>({
    mutationFn: options.act,
    onSuccess: (result, value) => {
      if (options.done !== undefined) {
        tellDone(typeof options.done === 'string' ? options.done : options.done(result, value));
      }
      options.onDone?.(result, value);
    },
    onError: (error) => {
      if (options.isQuiet !== true) tellProblem(error);
      options.onProblem?.(asApiError(error));
    },
    onSettled: () =>
      Promise.all(options.changes.map((queryKey) => queries.invalidateQueries({ queryKey }))).then(
        () => undefined,
      ),
  });
  const start = (value: V) => {
    if (!mutation.isPending) mutation.mutate(value);
  };
  return { ...mutation, start };
}
