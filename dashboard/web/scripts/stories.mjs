// What people do with the dashboard, in a browser, against a running Troupe.
//   TROUPE_API=http://127.0.0.1:8080 TROUPE_KEY=trp_… npm run stories [part of a story's name]
import { strict as assert } from 'node:assert';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask, openBrowser, openPage, sessionOf } from './lib/browser.mjs';
import { prepareContent, examplePicture } from './lib/content.mjs';

const session = await sessionOf();
const agency = session.grants[0].agency;
const tenants = (await ask(`/agencies/${agency}/tenants`)).items;
const tenant = (tenants.find((it) => it.slug === 'lumen-skin') ?? tenants[0]).id;
const other = tenants.find((it) => it.id !== tenant);
await prepareContent(tenant);
const { base, browser, close } = await openBrowser();
const at = (rest = '') => `${base}/tenants/${tenant}${rest}`;

const stories = {
  async 'a draft is approved with one key'(page) {
    const draft = (await ask(`/tenants/${tenant}/approvals?status=pending&limit=200`)).items.find(
      (it) => it.kind === 'draft',
    );
    await page.goto(at('/approvals'));
    const card = page.getByRole('article').filter({ hasText: draft.incoming_text }).first();
    await card.waitFor();
    const name = await page
      .getByRole('article', { name: /^Draft/ })
      .first()
      .getAttribute('aria-label');
    await page.getByRole('article', { name }).first().focus();
    const [request] = await Promise.all([
      page.waitForRequest((it) => it.url().endsWith('/approve') && it.method() === 'POST'),
      page.keyboard.press('a'),
    ]);
    assert.equal(request.headers()['x-csrf-token'], 'demo');
    await page.getByText('Approved. It is on its way.').waitFor();
    const id = request.url().split('/').at(-2);
    assert.equal((await ask(`/tenants/${tenant}/approvals/${id}`)).status, 'approved');
  },

  async 'a draft is edited, and sent with the new words'(page) {
    await page.goto(at('/approvals'));
    await page
      .getByRole('article', { name: /^Draft/ })
      .first()
      .focus();
    await page.keyboard.press('e');
    const field = page.getByRole('textbox', { name: 'Your answer' });
    await field.fill('Thank you for asking! Everything about it is on our profile.');
    const [answer] = await Promise.all([
      page.waitForResponse((it) => it.url().endsWith('/edit')),
      page.getByRole('button', { name: 'Approve with these words' }).click(),
    ]);
    assert.equal((await answer.json()).status, 'edited');
  },

  async 'several drafts are rejected together'(page) {
    await page.goto(at('/approvals'));
    await page.getByRole('article').first().waitFor();
    const boxes = page.getByRole('checkbox', { name: 'Select for bulk actions' });
    await boxes.nth(0).check();
    await boxes.nth(1).check();
    const bar = page.getByRole('region', { name: 'Bulk actions' });
    await bar.getByText('2 selected').waitFor();
    await bar.getByRole('button', { name: 'Reject' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Reject' }).click();
    await page.getByText('2 drafts rejected').waitFor();
  },

  async 'a person takes a conversation over and hands it back'(page) {
    const { items } = await ask(`/tenants/${tenant}/conversations?kind=direct&owner=bot`);
    await page.goto(at(`/inbox/${items[0].id}`));
    await page.getByRole('button', { name: 'Take over' }).click();
    await page.getByRole('button', { name: 'Hand back' }).click();
    await page.getByRole('button', { name: 'Take over' }).waitFor();
  },

  async 'another tenant is opened with the keyboard alone'(page) {
    await page.goto(at());
    await page.getByRole('button', { name: 'Lumen Skin' }).press('Enter');
    const search = page.getByRole('combobox', { name: 'Search tenants' });
    await search.and(page.locator(':focus')).waitFor();
    await page.keyboard.type(other.name.slice(0, 6));
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/tenants/${other.id}`);
    await page.getByRole('heading', { level: 1, name: other.name }).waitFor();
  },

  async 'a page is found in the command palette'(page) {
    await page.goto(at());
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByPlaceholder('Search pages and tenants').fill('audit');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/audit');
  },

  async 'the keys are explained, and can be switched off'(page) {
    await page.goto(at());
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.keyboard.press('?');
    const dialog = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    await dialog.getByText('Next draft').waitFor();
    await dialog.getByRole('switch', { name: 'Single-key shortcuts' }).uncheck();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    await page.keyboard.press('?');
    await page.waitForTimeout(300);
    assert.equal(await dialog.isVisible(), false);
  },

  async 'a picture is added and planned as a post'(page) {
    const file = join(mkdtempSync(join(tmpdir(), 'dashboard-')), `morning-${Date.now()}.png`);
    writeFileSync(file, examplePicture());
    await page.goto(at('/content/media'));
    await page.locator('input[type=file]').setInputFiles(file);
    await page.getByText('In the library').waitFor();
    await page.goto(at('/content/board'));
    await page.getByRole('button', { name: 'New post' }).click();
    const composer = page.getByRole('dialog', { name: 'New post' });
    await composer.getByRole('button', { name: 'Choose files' }).click();
    const picker = page.getByRole('dialog', { name: 'Choose from the library' });
    await picker.locator('button[aria-pressed]').first().click();
    await picker.getByRole('button', { name: 'Use' }).click();
    await composer.getByLabel('Caption', { exact: true }).fill('A morning in the studio. #studio');
    await composer.getByText('It can be published like this.').waitFor();
    await composer.getByRole('button', { name: 'Save as a draft' }).click();
    await page.getByText('Saved as a draft.').waitFor();
    await page
      .getByRole('link', { name: /A morning in the studio/ })
      .first()
      .waitFor();
  },

  async 'all problems of a post are shown while it is written'(page) {
    await page.goto(at('/content/calendar'));
    await page.getByRole('button', { name: 'New post', exact: true }).click();
    const composer = page.getByRole('dialog', { name: 'New post' });
    await composer.getByText('Carousel').click();
    await composer
      .getByLabel('Caption', { exact: true })
      .fill(Array.from({ length: 31 }, (_, it) => `#t${it}`).join(' '));
    await composer
      .getByText(/at most 30 hashtags|30 hashtags,/)
      .last()
      .waitFor();
    await composer.getByText(/a carousel has 2 to 10 items/).waitFor();
    const problems = await composer.getByRole('listitem').allTextContents();
    assert.ok(problems.length >= 2, problems.join('; '));
  },

  async 'a rule is made, tried, and taken away'(page) {
    await page.goto(at('/rules/new'));
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Opening hours');
    await page.getByRole('textbox', { name: 'Add a condition' }).click();
    await page.getByRole('option', { name: '… that has any of the words' }).click();
    await page.getByRole('textbox', { name: 'Words' }).fill('hours');
    await page.keyboard.press('Enter');
    await page.getByRole('textbox', { name: 'Text 1' }).fill('Hi {name}, we are here from 9 to 18.');
    await page.getByText('A comment that has any of “hours”: answer with one of 1 text.').waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.waitForURL('**/rules');
    await page.getByRole('link', { name: 'Opening hours' }).click();
    await page.getByRole('textbox', { name: 'Text to try' }).fill('What are your opening hours?');
    await page.getByRole('button', { name: 'Try it' }).click();
    await page.getByText('Policy', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('The rule is gone.').waitFor();
  },

  async 'an unsaved rule is not lost by a wrong click'(page) {
    await page.goto(at('/rules/new'));
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Half written');
    await page.getByRole('link', { name: 'Queue' }).click();
    await page
      .getByRole('dialog', { name: 'Leave without saving?' })
      .getByRole('button', { name: 'Stay' })
      .click();
    assert.equal(await page.getByRole('textbox', { name: 'Name', exact: true }).inputValue(), 'Half written');
  },

  async 'an alert is resolved'(page) {
    await page.goto(at('/alerts'));
    const [answer] = await Promise.all([
      page.waitForResponse((it) => it.url().endsWith('/resolve')),
      page.getByRole('button', { name: 'Resolve' }).first().click(),
    ]);
    assert.ok((await answer.json()).resolved_at !== null);
  },

  async 'a dead letter is tried again'(page) {
    const dead = (await ask(`/tenants/${tenant}/queue/dlq`)).items.filter(
      (it) => it.payload.post === undefined,
    );
    if (dead.length === 0) return 'there is none at the moment';
    await page.goto(at('/queue'));
    const [answer] = await Promise.all([
      page.waitForResponse((it) => it.url().endsWith('/retry')),
      page.getByRole('button', { name: 'Try again' }).first().click(),
    ]);
    assert.equal(answer.status(), 200);
  },

  async 'a session that ends in the middle loses nothing'(page) {
    await page.goto(at('/rules/new'));
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Kept while signing in');
    await page.getByRole('textbox', { name: 'Text 1' }).fill('Hi!');
    let isOver = true;
    const refused = {
      status: 401,
      contentType: 'application/problem+json',
      body: '{"title":"Sign in","detail":"sign in first"}',
    };
    await page.route('**/api/v1/session/refresh', (route) => route.fulfill(refused));
    await page.route('**/api/v1/tenants/*/rules', (route) =>
      isOver ? route.fulfill(refused) : route.fallback(),
    );
    await page.getByRole('button', { name: 'Save' }).click();
    const dialog = page.getByRole('dialog', { name: 'Sign in again' });
    await dialog.getByLabel('Password', { exact: false }).first().fill('correct horse battery');
    isOver = false;
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL('**/rules');
    const rule = (await ask(`/tenants/${tenant}/rules`)).items.find(
      (it) => it.name === 'Kept while signing in',
    );
    assert.ok(rule !== undefined);
    await ask(`/tenants/${tenant}/rules/${rule.id}`, 'DELETE');
  },

  async 'a comment that comes in appears by itself'(page) {
    await page.goto(at());
    await page.getByText('Live', { exact: true }).waitFor();
    const before = await page.locator('section:has-text("Live activity") li').first().textContent();
    await page.waitForFunction(
      (text) => {
        const section = [...document.querySelectorAll('section')].find((it) =>
          it.textContent.includes('Live activity'),
        );
        return (
          section?.querySelector('li')?.textContent.split(/just|[0-9]+ /)[0] !== text.split(/just|[0-9]+ /)[0]
        );
      },
      before,
      { timeout: 60_000 },
    );
  },
};

let failed = 0;
for (const [name, story] of Object.entries(stories)) {
  if (!name.includes(process.argv[2] ?? '')) continue;
  const { page, context } = await openPage({ browser, session });
  page.setDefaultTimeout(12_000);
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  try {
    const remark = await story(page);
    assert.deepEqual(errors, []);
    console.log(`ok    ${name}${remark === undefined ? '' : ` (${remark})`}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  ${name}\n      ${String(error.message).split('\n').slice(0, 6).join('\n      ')}`);
    await page.screenshot({ path: join(tmpdir(), `story-${failed}.png`) });
  }
  await context.close();
}
await close();
process.exit(failed > 0 ? 1 : 0);
