// Takes every page in both themes and at phone width into docs/dashboard, and lists what axe finds on them.
//   TROUPE_SIGN_IN='http://127.0.0.1:8080/sign-in#token=…' npm run screenshots -- [parts of pages' names, with commas] [view]
// The link is the one that `troupe demo` prints.
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { apiOf, base, launch, openPage } from './lib/browser.mjs';
import { writeGallery } from './lib/gallery.mjs';
import { listPages } from './lib/pages.mjs';
import { setScene } from './lib/scene.mjs';

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const [only = '', onlyView = ''] = process.argv.slice(2);
const out = process.env.OUT ?? fileURLToPath(new URL('../../../docs/dashboard/', import.meta.url));
mkdirSync(out, { recursive: true });

const allViews = [
  { suffix: 'light', scheme: 'light', width: 1440, height: 900 },
  { suffix: 'dark', scheme: 'dark', width: 1440, height: 900 },
  { suffix: 'phone', scheme: 'light', width: 390, height: 844 },
];
const views = allViews.filter((it) => it.suffix.includes(onlyView));

/** Whoever the link signs in. */
async function signIn(link) {
  if (link === undefined) throw new Error('set TROUPE_SIGN_IN to the link that `troupe demo` prints');
  const { page, context } = await openPage({ browser });
  await page.goto(link);
  await page.waitForURL('**/agencies/*');
  const agency = page.url().split('/').at(-1);
  const state = await context.storageState();
  // It would go on with the session, too.
  await page.close();
  return { state, ask: apiOf(context), agency };
}

/** What axe calls serious or critical. */
async function findings(page) {
  await page.evaluate(axe);
  const result = await page.evaluate(() =>
    window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] }),
  );
  return result.violations
    .filter((it) => it.impact === 'serious' || it.impact === 'critical')
    .map(
      (it) =>
        `${it.impact} ${it.id}: ${it.nodes.length} × ${it.nodes[0].target.join(' ')} ${it.nodes[0].failureSummary.split('\n')[1] ?? ''}`,
    );
}

const browser = await launch();
const signedIn = await signIn(process.env.TROUPE_SIGN_IN);
const { ask, agency } = signedIn;
let { state } = signedIn;
const tenants = (await ask(`/agencies/${agency}/tenants`)).items;
const tenant = (tenants.find((it) => it.slug === 'lumen-skin') ?? tenants[0]).id;
await setScene(ask, agency, tenant);
const pages = (await listPages(ask, agency, tenant)).filter((it) =>
  only.split(',').some((part) => it.name.includes(part)),
);
const problems = [];

for (const view of views) {
  for (const { name, path, as, act } of pages) {
    const { page, context } = await openPage({
      browser,
      state: as === undefined ? state : undefined,
      ...view,
    });
    // An installation with users does not show how it is set up.
    if (as === 'setup') await page.route('**/api/v1/setup', (it) => it.fulfill({ json: { needed: true } }));
    const label = `${name} (${view.suffix})`;
    page.on('pageerror', (error) => problems.push(`${label}: ${error.message}`));
    page.on('console', (message) => {
      const text = message.text();
      if (message.type() === 'error' && !/status of (401|404)/.test(text)) problems.push(`${label}: ${text}`);
    });
    await page.goto(`${base}${path}`);
    await page.waitForLoadState('load');
    await page.waitForTimeout(900);
    await page
      .waitForFunction(() => document.querySelector('[aria-label="Loading"]') === null, null, {
        timeout: 8000,
      })
      .catch(() => problems.push(`${label}: still loading`));
    await page.waitForTimeout(500);
    if (act !== undefined) {
      await act(page).catch((error) => problems.push(`${label}: ${error.message}`));
      await page.waitForTimeout(900);
    }
    const isTooWide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth + 1);
    if (isTooWide) problems.push(`${label}: wider than the screen`);
    // Dialogs look alike in both themes: one picture is enough, but both are looked through.
    if (act === undefined || view.suffix !== 'dark') {
      await page.screenshot({ path: `${out}/${name}-${view.suffix}.jpg`, type: 'jpeg', quality: 56 });
    }
    for (const it of await findings(page)) problems.push(`${label}: ${it}`);
    // A session goes on in the next page: what it was refreshed with is used up.
    if (as === undefined) state = await context.storageState();
    await context.close();
  }
}
await browser.close();
const suffixes = allViews.map((it) => it.suffix);
if (only === '')
  writeGallery(
    out,
    pages.map((it) => it.name),
    suffixes,
  );
console.log(`${pages.length * views.length} views of pages are in ${out}`);
for (const it of problems) console.log(it);
process.exit(problems.length > 0 ? 1 : 0);
