// Comments and messages come in, Troupe answers or drafts, people decide.
import { strict as assert } from 'node:assert';
import { until } from '../lib/browser.mjs';
import { rested } from '../lib/forms.mjs';
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

/** A press counts on what has stood still for a moment, as it has for whoever read it. */
export const readIt = (page) => page.waitForTimeout(600);

const cardOf = (page, text) => page.getByRole('article', { name: `Draft: ${text}` });
const barOf = (page, words) => page.getByRole('status').getByRole('button', { name: words });

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

  async 'a draft that arrives is told, and approved with one key once it is shown'({ page, ask, world }) {
    await page.goto(approvals(world));
    await page.getByText('Nothing waits for you').waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    const { said } = await aDraft({ ask, world }, 'ben');
    await barOf(page, '1 new draft: show').waitFor();
    await page.keyboard.press('n');
    await cardOf(page, 'Do you ship to Spain?').waitFor();
    await readIt(page);
    await page.keyboard.press('a');
    await page.getByText('Approved. It is on its way.').waitFor();
    await oneReply(said);
  },

  async 'a key and a click decide on the draft that was read, whatever arrives meanwhile'({
    page,
    ask,
    world,
  }) {
    const first = await aDraft({ ask, world }, 'ines', 'Do you ship to Norway?');
    const second = await aDraft({ ask, world }, 'jonas', 'Do you ship to Sweden?');
    await page.goto(approvals(world));
    await page.getByText('Live', { exact: true }).waitFor();
    const sent = [];
    page.on('request', (it) => it.url().endsWith('/approve') && sent.push(it.url().split('/').at(-2)));
    // The newest is at the top, read, and the pointer rests on its button.
    const button = cardOf(page, 'Do you ship to Sweden?').getByRole('button', { name: 'Approve' });
    await button.hover();
    const before = await button.boundingBox();
    await readIt(page);

    const third = await aDraft({ ask, world }, 'klara', 'Do you ship to Finland?');
    await barOf(page, '1 new draft: show').waitFor();
    assert.deepEqual(await button.boundingBox(), before, 'nothing has moved');
    assert.equal(await page.getByRole('article').count(), 2);
    // A key that is held down decides once, and so do two presses in a row.
    await page.keyboard.down('a');
    await page.keyboard.down('a');
    await page.keyboard.up('a');
    await page.keyboard.press('a');
    await page.getByText('Approved. It is on its way.').waitFor();
    await oneReply(second.said);
    assert.deepEqual(sent, [second.draft.id]);
    // Where the pointer rests nothing can be pressed any more.
    await page.mouse.down();
    await page.mouse.up();
    await cardOf(page, 'Do you ship to Sweden?').getByText('Approved.').waitFor();

    // Another one arrives and somebody else decides on the one in view: a key does nothing to it, nor to others.
    await ask(`/tenants/${world.tenant}/approvals/${first.draft.id}/reject`, 'POST', {});
    await cardOf(page, 'Do you ship to Norway?')
      .or(page.getByText('Nothing waits for you'))
      .first()
      .waitFor();
    await page.getByText('Nothing waits for you').waitFor();
    await page.keyboard.press('a');
    await barOf(page, '1 new draft: show').click();
    const shown = cardOf(page, 'Do you ship to Finland?').getByRole('button', { name: 'Approve' });
    await shown.waitFor();
    await page.keyboard.press('a');
    await page.waitForTimeout(300);
    assert.deepEqual(sent, [second.draft.id], 'what was just put on the screen was not read');
    await readIt(page);
    await page.keyboard.press('a');
    await oneReply(third.said);
    assert.deepEqual(sent, [second.draft.id, third.draft.id]);
    await page.keyboard.press('?');
    await page.getByRole('dialog').getByText('Show the drafts that arrived meanwhile').waitFor();
  },

  async 'a draft that somebody else decides on stays in its place, and nothing slides under the key'({
    page,
    ask,
    world,
  }) {
    const below = await aDraft({ ask, world }, 'lars', 'Do you ship to Denmark?');
    const read = await aDraft({ ask, world }, 'maja', 'Do you ship to Iceland?');
    await page.goto(approvals(world));
    await page.getByText('Live', { exact: true }).waitFor();
    const sent = [];
    page.on('request', (it) => it.url().endsWith('/approve') && sent.push(it.url()));
    const button = cardOf(page, 'Do you ship to Denmark?').getByRole('button', { name: 'Approve' });
    const before = await button.boundingBox();
    await readIt(page);
    await ask(`/tenants/${world.tenant}/approvals/${read.draft.id}/reject`, 'POST', {});
    await cardOf(page, 'Do you ship to Iceland?').getByText('It no longer waits').waitFor();
    await readIt(page);
    await page.keyboard.press('a');
    assert.deepEqual((await button.boundingBox()).y, before.y, 'nothing has moved');
    await page.waitForTimeout(300);
    assert.deepEqual(sent, []);
    await page.keyboard.press('j');
    await page.keyboard.press('a');
    await oneReply(below.said);
    await page.getByText('Nothing waits for you').waitFor();
  },

  async 'a draft is edited, and sent with the new words'({ page, ask, world }) {
    const { said } = await aDraft({ ask, world }, 'carla', 'Is the night oil vegan?');
    await page.goto(approvals(world));
    const card = cardOf(page, 'Is the night oil vegan?');
    await card.waitFor();
    await readIt(page);
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
    await readIt(page);
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
    await page.getByRole('article').getByRole('button', { name: 'Reject' }).click();
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
    await page.getByRole('button', { name: 'Hand back' }).waitFor();
    await rested(page);
    await page.getByRole('button', { name: 'Hand back' }).click();
    await page.getByRole('button', { name: 'Take over' }).waitFor();
  },
};
