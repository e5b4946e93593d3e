const key = 'troupe.signed-out';

const present = () => {
  try {
    return localStorage.getItem(key);
  } catch {
    // Where nothing may be stored, other tabs notice with their next request.
    return null;
  }
};

/** Tells the other tabs of this browser that somebody has signed out. */
export function tellSignedOut() {
  try {
    localStorage.setItem(key, `${Date.now()} ${Math.random()}`);
  } catch {
    // See above.
  }
}

/**
 * Calls `onSignedOut` when somebody signs out in another tab. The answer tells whether that has happened since, for a tab
 * that slept meanwhile and was told nothing.
 */
export function watchSignedOut(onSignedOut: () => void): { hasLeft: () => boolean; end: () => void } {
  const before = present();
  const hasLeft = () => present() !== before;
  const onStorage = (event: StorageEvent) => {
    if (event.key === key && event.newValue !== null && hasLeft()) onSignedOut();
  };
  // One that the browser kept asleep, or brings back from its memory.
  const onWake = () => {
    if (document.visibilityState === 'visible' && hasLeft()) onSignedOut();
  };
  window.addEventListener('storage', onStorage);
  window.addEventListener('pageshow', onWake);
  document.addEventListener('visibilitychange', onWake);
  const end = () => {
    window.removeEventListener('storage', onStorage);
    window.removeEventListener('pageshow', onWake);
    document.removeEventListener('visibilitychange', onWake);
  };
  return { hasLeft, end };
}
