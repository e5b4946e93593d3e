import { useEffect, useRef, useSyncExternalStore } from 'react';

const storageKey = 'troupe.shortcuts';
const listeners = new Set<() => void>();

/** Single keys may get in the way of speech input, so they can be switched off (WCAG 2.1.4). */
export const shortcutsAreOn = () => localStorage.getItem(storageKey) !== 'off';

export function switchShortcuts(isOn: boolean) {
  if (isOn) localStorage.removeItem(storageKey);
  else localStorage.setItem(storageKey, 'off');
  for (const listener of listeners) listener();
}

export const useShortcutsAreOn = () =>
  useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, shortcutsAreOn);

const typesText = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable ||
    /^(TEXTAREA|SELECT)$/.test(target.tagName) ||
    (target instanceof HTMLInputElement && !/^(checkbox|radio|button)$/.test(target.type)));

/** A key pressed outside of fields and dialogs, or nothing. */
export function plainKey(event: KeyboardEvent): string | null {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return null;
  if (typesText(event.target)) return null;
  if (document.querySelector('[role="dialog"][aria-modal="true"]') !== null) return null;
  return event.key;
}

/** Runs what belongs to a single key; “g” followed by a key counts as one, such as “g a”. */
export function useShortcuts(actions: Record<string, (event: KeyboardEvent) => void>) {
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    let prefixUntil = 0;
    const onKey = (event: KeyboardEvent) => {
      if (!shortcutsAreOn()) return;
      const key = plainKey(event);
      if (key === null) return;
      const name = Date.now() < prefixUntil ? `g ${key}` : key;
      prefixUntil = key === 'g' ? Date.now() + 1200 : 0;
      const action = latest.current[name];
      if (action === undefined) return;
      event.preventDefault();
      action(event);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}
