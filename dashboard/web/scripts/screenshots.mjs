// Takes every page in both themes and at phone width into docs/dashboard, and lists what axe finds on them.
//   TROUPE_API=http://127.0.0.1:8080 TROUPE_KEY=trp_… npm run screenshots [part of a page's name]
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { openBrowser, openPage, ask, sessionOf } from './lib/browser.mjs';
import { prepareContent } from './lib/content.mjs';
import { listPages } from './lib/pages.mjs';

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const only = process.argv[2] ?? '';
const out = process.env.OUT ?? fileURLToPath(new URL('../../../docs/dashboard/', import.meta.url));
mkdirSync(out, { recursive: true });

const views = [
  { suffix: 'light', scheme: 'light', width: 1440, height: 900 },
  { suffix: 'dark', scheme: 'dark', width: 1440, height: 900 },
  { suffix: 'phone', scheme: 'light', width: 390, height: 844 },
];

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

const session = await sessionOf();
const agency = session.grants[0].agency;
const tenants = (await ask(`/agencies/${agency}/tenants`)).items;
const tenant = (tenants.find((it) => it.slug === 'lumen-skin') ?? tenants[0]).id;
await prepareContent(tenant);
const pages = (await listPages(agency, tenant)).filter((it) => it.name.includes(only));
const { base, browser, close } = await openBrowser();
const problems = [];

for (const view of views) {
  for (const { name, path, as, act } of pages) {
    const { page, context } = await openPage({
      browser,
      session: as === undefined ? session : null,
      setupNeeded: as === 'setup',
      ...view,
    });
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
    await page.screenshot({ path: `${out}/${name}-${view.suffix}.jpg`, type: 'jpeg', quality: 62 });
    for (const it of await findings(page)) problems.push(`${label}: ${it}`);
    await context.close();
  }
}
await close();
console.log(`${pages.length * views.length} pictures in ${out}`);
for (const it of problems) console.log(it);
process.exit(problems.length > 0 ? 1 : 0);
