// A browser on a running Troupe, and the API as whoever is signed in there uses it.
import { chromium } from 'playwright-core';

export const base = (process.env.TROUPE_URL ?? 'http://127.0.0.1:8080').replace(/\/$/, '');

export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  });

/** A page in a context of its own; `state` is somebody's cookies. */
export async function openPage({ browser, state, scheme = 'light', width = 1440, height = 900 }) {
  const context = await browser.newContext({
    baseURL: base,
    storageState: state,
    viewport: { width, height },
    colorScheme: scheme,
    reducedMotion: 'reduce',
    locale: 'en-GB',
    timezoneId: 'UTC',
  });
  return { page: await context.newPage(), context };
}

/** Calls the API with the session of a context. */
export function apiOf(context) {
  let token = null;
  const csrf = async () => {
    token ??= (await (await context.request.get('/api/v1/session')).json()).csrf_token;
    return token;
  };
  return async function ask(path, method = 'GET', body = undefined, headers = {}) {
    const isFile = body instanceof Uint8Array;
    const response = await context.request.fetch(`/api/v1${path}`, {
      method,
      headers: {
        ...(method === 'GET' ? {} : { 'X-CSRF-Token': await csrf() }),
        ...(body === undefined
          ? {}
          : { 'Content-Type': isFile ? 'application/octet-stream' : 'application/json' }),
        ...headers,
      },
      data: body === undefined ? undefined : isFile ? Buffer.from(body) : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok()) throw new Error(`${method} ${path}: ${response.status()} ${text}`);
    return text === '' ? null : JSON.parse(text);
  };
}

/** Looks again and again until there is something, such as what arrives through the queue. */
export async function until(what, look, patience = 20_000) {
  const deadline = Date.now() + patience;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== null && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
