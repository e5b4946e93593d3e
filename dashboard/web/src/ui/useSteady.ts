import { useLayoutEffect, useRef } from 'react';

/** So long something must stand where it is before a press on it counts: whoever aimed at it has seen it by then. */
const settling = 450;

/**
 * Tells whether what is on the screen has stood still for a moment. `order` changes whenever something moves; `stir` says
 * so where the order does not show it.
 */
export function useSteady(order: string, wait = settling) {
  const movedAt = useRef(0);
  useLayoutEffect(() => {
    movedAt.current = performance.now();
  }, [order]);
  return {
    isSteady: () => performance.now() - movedAt.current > wait,
    stir: () => {
      movedAt.current = performance.now();
    },
  };
}

/** The header and the bar below it cover what lies behind. */
const covered = 100;

/** Whether somebody can read it: enough of it is within the window. */
export function isInSight(element: Element | undefined): boolean {
  if (element === undefined) return false;
  const { top, bottom } = element.getBoundingClientRect();
  return bottom > covered + 40 && top < window.innerHeight - 40;
}
