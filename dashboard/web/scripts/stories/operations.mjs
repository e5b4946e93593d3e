// What goes wrong, and what people do about it.
import { strict as assert } from 'node:assert';
import { until } from '../lib/browser.mjs';
import { behave, comment, refuse } from '../lib/sandbox.mjs';
import { oneReply } from './answering.mjs';

const account = 'lumen.skin';

export const operations = {
  async 'a very long name hides nothing else'({ page, ask, world }) {
    const name = `Lumen ${'beautiful '.repeat(19)}`.slice(0, 150) + 'x'.repeat(50);
    const made = await ask(`/agencies/${world.agency}/tenants`, 'POST', {
      name,
      slug: 'long',
      time_zone: 'UTC',
    });
    await page.goto(`/agencies/${world.agency}/tenants`);
    const row = page.getByRole('row', { name: /^Lumen beautiful/ });
    await row.waitFor();
    const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);
    for (const width of [1440, 390]) {
      await page.setViewportSize({ width, height: 844 });
      // The page is laid out anew a moment after its window.
      await until(`the state in sight at ${width}`, async () => {
        const state = await row.getByText('Active', { exact: true }).boundingBox();
        return state !== null && state.x + state.width <= width;
      });
      assert.ok(await fits(), `the page is no wider than ${width}`);
    }
    assert.equal(await row.getByTitle(name, { exact: true }).count(), 1, 'the whole name is its title');
    await page.goto(`/tenants/${made.id}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    assert.ok(await fits(), 'its own page fits, too');
  },

  async 'an address with an id that is none shows that there is nothing here'({ page, world }) {
    for (const path of [
      `/tenants/${world.tenant}/rules/foo`,
      `/tenants/${world.tenant}/decisions/foo`,
      `/tenants/${world.tenant}/inbox/foo`,
      `/tenants/${world.tenant}/content/posts/foo`,
      `/agencies/${world.agency}/rehearsals/foo`,
      '/tenants/foo',
    ]) {
      await page.goto(path);
      await page.getByText('There is nothing here').first().waitFor();
      assert.ok(
        !(await page.getByRole('document').or(page.locator('body')).first().innerText()).includes('/api/'),
        path,
      );
    }
  },

  async 'a reply that Instagram refuses for good is tried again by a person, and arrives'({
    page,
    ask,
    world,
  }) {
    await page.goto(`/tenants/${world.tenant}/queue`);
    await page.getByText('No dead letters').waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    await refuse(account, 'reply_to_comment');
    const said = await comment(account, 'ines', 'Wow, the best cream I ever had!');
    await page.getByRole('button', { name: 'Try again' }).waitFor();
    await behave();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('It is in the queue again.').waitFor();
    await page.getByText('No dead letters').waitFor();
    await oneReply(said);
    const { items } = await ask(`/tenants/${world.tenant}/queue/dlq`);
    assert.deepEqual(items, []);
  },

  async 'a complaint raises an alert, and a person resolves it'({ page, ask, world }) {
    await comment(account, 'jonas', 'This is terrible, my order arrived broken and nobody answers!');
    await until('the alert', async () => {
      const { items } = await ask(`/tenants/${world.tenant}/alerts?resolved=false`);
      return items[0];
    });
    await page.goto(`/tenants/${world.tenant}/alerts`);
    const [answer] = await Promise.all([
      page.waitForResponse((it) => it.url().endsWith('/resolve')),
      page.getByRole('button', { name: 'Resolve' }).first().click(),
    ]);
    assert.ok((await answer.json()).resolved_at !== null);
    await page.getByText('Resolved.', { exact: true }).waitFor();
  },
};
