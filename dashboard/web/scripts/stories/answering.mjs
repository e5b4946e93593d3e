// Comments and messages come in, Troupe answers or drafts, people decide.
import { strict as assert } from 'node:assert';
import { until } from '../lib/browser.mjs';
import { comment, message, repliesOf } from '../lib/sandbox.mjs';

const account = 'lumen.skin';

/** A question that waits as a draft. */
export async function aDraft({ ask, world }, from, text = 'Do you ship to Spain?') {
  const said = await comment(account, from, text);
  const draft = await until(`the draft for ${from}`, async () => {
    const { items } = await ask(`/tenants/${world.tenant}/approvals?status=pending&limit=200`);
    return items.find((it) => it.incoming_text === text && it.kind === 'draft');
  });
  return { said, draft };
}

/** Exactly one reply arrives, and no second one after it. */
export async function oneReply(said) {
  await until('the reply', async () => (await repliesOf(account, said)).length > 0);
  // A second one would be in the queue right behind the first.
  await new Promise((resolve) => setTimeout(resolve, 600));
  const replies = await repliesOf(account, said);
  assert.equal(replies.length, 1, replies.join(' | '));
  return replies[0];
}

const approvals = (world) => `/tenants/${world.tenant}/approvals`;

export const answering = {
  async 'praise that comes in is answered, and both are seen without a reload'({ page, world }) {
    await page.goto(`/tenants/${world.tenant}`);
    await page.getByText('Live', { exact: true }).waitFor();
    const said = await comment(account, 'anna', 'I love this serum, it is amazing!');
    const live = page.locator('section', { hasText: 'Live activity' });
    await live
      .getByText(/I love this serum/)
      .first()
      .waitFor();
    const reply = await oneReply(said);
    await page.getByRole('link', { name: 'Inbox' }).click();
    await page.getByRole('heading', { level: 1, name: 'Inbox' }).waitFor();
    await page.getByRole('link', { name: '@anna' }).click();
    await page.getByText(reply).first().waitFor();
  },

  async 'a draft appears by itself and is approved with one key'({ page, ask, world }) {
    await page.goto(approvals(world));
    await page.getByText('Nothing waits for you').waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    const { said } = await aDraft({ ask, world }, 'ben');
    await page.getByRole('article', { name: 'Draft: Do you ship to Spain?' }).focus();
    await page.keyboard.press('a');
    await page.getByText('Approved. It is on its way.').waitFor();
    await oneReply(said);
  },

  async 'a draft is edited, and sent with the new words'({ page, ask, world }) {
    const { said } = await aDraft({ ask, world }, 'carla', 'Is the night oil vegan?');
    await page.goto(approvals(world));
    const card = page.getByRole('article', { name: 'Draft: Is the night oil vegan?' });
    await card.getByRole('button', { name: 'Edit' }).click();
    await page.getByRole('textbox', { name: 'Your answer' }).fill('Yes, all of our oils are.');
    await page.getByRole('button', { name: 'Approve with these words' }).click();
    assert.equal(await oneReply(said), 'Yes, all of our oils are.');
  },

  async 'a double click on approve sends one reply, and leaves the next draft alone'({ page, ask, world }) {
    const first = await aDraft({ ask, world }, 'david', 'How much is the honey mask?');
    const second = await aDraft({ ask, world }, 'elena', 'When do you open on Sunday?');
    await page.goto(approvals(world));
    await page.getByRole('article').nth(1).waitFor();
    const sent = [];
    page.on('request', (it) => it.url().endsWith('/approve') && sent.push(it.url()));
    await page.getByRole('article').first().getByRole('button', { name: 'Approve' }).dblclick();
    await page.getByText('Approved. It is on its way.').waitFor();
    await until('one reply', async () => {
      const replies = [...(await repliesOf(account, first.said)), ...(await repliesOf(account, second.said))];
      return replies.length > 0;
    });
    await page.waitForTimeout(600);
    assert.equal(sent.length, 1, sent.join(' '));
    const { items } = await ask(`/tenants/${world.tenant}/approvals?status=pending`);
    assert.equal(items.length, 1, 'the other one waits');
    await page.getByRole('article').first().getByRole('button', { name: 'Reject' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Reject' }).click();
    await page.getByText('Nothing waits for you').waitFor();
  },

  async 'several drafts are rejected together'({ page, ask, world }) {
    await aDraft({ ask, world }, 'felix', 'Do you have a shop in Lisbon?');
    await aDraft({ ask, world }, 'giulia', 'Which cream is for dry skin?');
    await page.goto(approvals(world));
    const boxes = page.getByRole('checkbox', { name: 'Select for bulk actions' });
    await boxes.nth(1).waitFor();
    await boxes.nth(0).check();
    await boxes.nth(1).check();
    const bar = page.getByRole('region', { name: 'Bulk actions' });
    await bar.getByText('2 selected').waitFor();
    await bar.getByRole('button', { name: 'Reject' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Reject' }).click();
    await page.getByText('2 drafts rejected').waitFor();
  },

  async 'a person takes a conversation over and hands it back'({ page, ask, world }) {
    await message(account, 'hugo', 'Hello! Which serum would you take?');
    const direct = await until('the conversation', async () => {
      const { items } = await ask(`/tenants/${world.tenant}/conversations?kind=direct`);
      return items[0];
    });
    await page.goto(`/tenants/${world.tenant}/inbox/${direct.id}`);
    await page.getByRole('button', { name: 'Take over' }).click();
    await page.getByRole('button', { name: 'Hand back' }).click();
    await page.getByRole('button', { name: 'Take over' }).waitFor();
  },
};
