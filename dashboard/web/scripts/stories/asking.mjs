// People ask why, and look at the records that carry the answer.
import { strict as assert } from 'node:assert';
import { comment } from '../lib/sandbox.mjs';
import { oneReply } from './answering.mjs';

const account = 'lumen.skin';

async function put(page, question) {
  await page.getByRole('textbox', { name: 'Question' }).fill(question);
  await page.keyboard.press('Enter');
}

export const asking = {
  async 'why a comment was answered is asked, and its record opened'({ page, world }) {
    const said = await comment(account, 'petra', 'This is the best cream, I love it!');
    await oneReply(said);
    await page.goto(`/tenants/${world.tenant}/ask`);
    await put(page, 'Why was @petra answered?');
    const answer = page.getByRole('region', { name: 'Conversation' });
    await answer.getByText('This is the best cream, I love it!').first().waitFor();
    await answer.getByText(/% sure/).waitFor();
    await answer
      .getByRole('link', { name: /^Record 1/ })
      .first()
      .click();
    await page.waitForURL(/\/decisions\/dec_/);
    await page.getByText('This is the best cream, I love it!').first().waitFor();
  },

  async 'a decision leads to the question why'({ page, ask, world }) {
    const { items } = await ask(`/tenants/${world.tenant}/audit?event_type=decision.made&limit=1`);
    await page.goto(`/tenants/${world.tenant}/decisions/${items[0].resource_id}`);
    await page.getByRole('main').getByRole('link', { name: 'Ask why' }).click();
    await page.waitForURL(/\/ask\?q=/);
    assert.notEqual(await page.getByRole('textbox', { name: 'Question' }).inputValue(), '');
    await page.getByRole('button', { name: 'Ask', exact: true }).click();
    await page.getByText(/% sure/).waitFor();
    await page
      .getByRole('link', { name: /^Record 1/ })
      .first()
      .waitFor();
  },

  async 'what is not recorded is said not to be'({ page, world }) {
    await page.goto(`/tenants/${world.tenant}/ask`);
    await put(page, 'Who deleted the comment of @nobody.here?');
    await page.getByText('There is no record of that.').waitFor();
  },

  async 'an earlier conversation is opened again, and goes on'({ page, world }) {
    await page.goto(`/tenants/${world.tenant}/ask`);
    await page.getByRole('button', { name: 'Earlier' }).click();
    await page.getByRole('menuitem', { name: /Why was @petra answered/ }).click();
    await page.getByText('This is the best cream, I love it!').first().waitFor();
    await put(page, 'And when?');
    await page.getByText('And when?', { exact: true }).waitFor();
    await page
      .getByText(/% sure/)
      .nth(1)
      .waitFor();
  },
};
