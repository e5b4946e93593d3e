// What goes wrong, and what people do about it.
import { strict as assert } from 'node:assert';
import { until } from '../lib/browser.mjs';
import { behave, comment, refuse } from '../lib/sandbox.mjs';
import { oneReply } from './answering.mjs';

const account = 'lumen.skin';

export const operations = {
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
