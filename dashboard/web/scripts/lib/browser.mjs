// A browser on the built dashboard, with the real API behind it.
import { chromium } from 'playwright-core';
import { preview } from 'vite';

export const key = process.env.TROUPE_KEY;
const backend = process.env.TROUPE_API ?? 'http://127.0.0.1:8080';

export async function ask(path, method = 'GET', body = undefined) {
  const isFile = body instanceof Uint8Array;
  const response = await fetch(`${backend}/api/v1${path}`, {
    method,
    headers: {
      'X-API-Key': key,
      ...(body === undefined
        ? {}
        : { 'Content-Type': isFile ? 'application/octet-stream' : 'application/json' }),
    },
    body: body === undefined ? undefined : isFile ? body : JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === '' ? null : JSON.parse(text);
}

/** The session that the key stands for: an owner of its agency. */
export async function sessionOf() {
  const { items } = await ask('/agencies');
  const agency = items[0];
  return {
    user: { id: 'usr_demo', name: 'Demo Owner', email: 'owner@example.com' },
    csrf_token: 'demo',
    expires_at: new Date(Date.now() + 3_600_000).toISOString(),
    grants: [{ agency: agency.id, agency_name: agency.name, tenant: null, tenant_name: null, role: 'owner' }],
  };
}

export async function openBrowser() {
  if (key === undefined)
    throw new Error('set TROUPE_KEY to an agency key, and TROUPE_API to the address of the API');
  const server = await preview({ preview: { port: Number(process.env.PORT ?? 4179) }, logLevel: 'error' });
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  });
  const base = server.resolvedUrls.local[0].replace(/\/$/, '');
  return {
    base,
    browser,
    close: async () => {
      await browser.close();
      await server.close();
    },
  };
}

const json = (body, status = 200) => ({
  status,
  contentType: 'application/json',
  body: JSON.stringify(body),
});

/** Stands in until the server has users. */
const users = [
  ['usr_demo', 'Demo Owner', 'owner@example.com', 'owner'],
  ['usr_2', 'Inbox Operator', 'inbox@example.com', 'operator'],
  ['usr_3', 'Client of Lumen', 'client@example.com', 'client'],
].map(([id, name, email, role]) => ({
  id,
  name,
  email,
  role,
  status: 'active',
  tenants: null,
  last_sign_in_at: new Date(Date.now() - 3_600_000).toISOString(),
}));

/** A page of somebody who is signed in, or of nobody. */
export async function openPage({
  browser,
  session,
  setupNeeded = false,
  scheme = 'light',
  width = 1440,
  height = 900,
}) {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    reducedMotion: 'reduce',
    locale: 'en-GB',
  });
  const page = await context.newPage();
  await page.route('**/api/v1/session', (route) =>
    route.fulfill(
      session === null
        ? json({ title: 'Sign in', status: 401, detail: 'sign in first' }, 401)
        : json(session),
    ),
  );
  await page.route('**/api/v1/session/refresh', (route) =>
    route.fulfill(session === null ? json({ title: 'Sign in', status: 401 }, 401) : json(session)),
  );
  await page.route('**/api/v1/setup', (route) => route.fulfill(json({ needed: setupNeeded })));
  await page.route('**/api/v1/agencies/*/users', async (route) => {
    const answer = await route.fetch();
    if (answer.status() !== 404) return route.fulfill({ response: answer });
    return route.fulfill(json({ items: users, next_cursor: null }));
  });
  return { page, context };
}
