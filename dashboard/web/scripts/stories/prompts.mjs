// What models are told: versions, the choice of one, and experiments between two.
import { strict as assert } from 'node:assert';
import { askedBeforeLeaving, choose, leave, requestsTo } from '../lib/forms.mjs';

const settings = (world, part) => `/agencies/${world.agency}/settings/${part}`;
const newVersion = (page) => page.getByRole('dialog', { name: 'New version: Writing answers' });
const textOf = (form) => form.getByRole('textbox', { name: 'Text', exact: true });

/** The form of a new version, which goes on from the newest one. */
async function openNewVersion({ page, world }) {
  await page.goto(settings(world, 'prompts'));
  await page.getByRole('button', { name: 'New version' }).click();
  const form = newVersion(page);
  await page.waitForFunction(() => document.querySelector('[role=dialog] textarea')?.value !== '');
  return form;
}

export const prompts = {
  async 'a prompt that no model could be told is refused at its line, and its text stays'({ page, world }) {
    const form = await openNewVersion({ page, world });
    const keep = form.getByRole('button', { name: 'Keep it' });
    assert.equal(await keep.isEnabled(), false, 'nothing is changed yet');
    await textOf(form).fill('');
    assert.equal(await keep.isEnabled(), false, 'there is nothing in it');
    await textOf(form).fill('é'.repeat(8193));
    await form.getByText('Shorten it to at most 16,384 bytes.').waitFor();
    assert.equal(await keep.isEnabled(), false, 'it is too long');
    await textOf(form).fill('Be kind.\n{% for %}');
    await keep.click();
    await form.getByText(/^Line 2:/).waitFor();
    assert.equal(await textOf(form).inputValue(), 'Be kind.\n{% for %}');
    await leave(page, form);
  },

  async 'half a prompt is not thrown away by a slip'({ page, world }) {
    await page.goto(settings(world, 'experiments'));
    await page.getByRole('link', { name: 'Prompts' }).click();
    await page.getByRole('button', { name: 'New version' }).click();
    const form = newVersion(page);
    // An untouched form just closes.
    await form.getByRole('button', { name: 'Cancel' }).click();
    await form.waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'New version' }).click();
    await textOf(form).fill('Half a prompt');
    await askedBeforeLeaving(page, form);
    const question = page.getByRole('dialog', { name: 'Leave without saving?' });
    const stay = async () => {
      await question.getByRole('button', { name: 'Stay' }).click();
      await question.waitFor({ state: 'hidden' });
    };
    await form.getByRole('button', { name: 'Close' }).click();
    await stay();
    await page.mouse.click(5, 5);
    await stay();
    await page.goBack();
    await stay();
    assert.equal(await textOf(form).inputValue(), 'Half a prompt');
    await page.goBack();
    await question.getByRole('button', { name: 'Leave' }).click();
    await page.getByRole('heading', { name: 'Experiments' }).waitFor();
  },

  async 'a change of a prompt is kept as one new version, however often it is pressed'({ page, ask, world }) {
    const form = await openNewVersion({ page, world });
    const before = await textOf(form).inputValue();
    await textOf(form).fill(`${before}\nBe warm.`);
    await form.getByRole('textbox', { name: 'What changed' }).fill('Warmer');
    const sent = requestsTo(page, 'POST', '/prompts');
    await form.getByRole('button', { name: 'Keep it' }).dblclick();
    await page.getByText('Version 2 is kept. It is used once you choose it.').waitFor();
    await form.waitFor({ state: 'hidden' });
    assert.equal(sent.length, 1, sent.join(' '));
    const { items } = await ask(`/agencies/${world.agency}/prompts?key=reply`);
    assert.deepEqual(
      items.map((it) => it.version),
      [2, 1],
    );
    await page.getByRole('button', { name: 'Read and compare' }).first().click();
    await page.getByRole('dialog', { name: 'Version 2' }).getByText('+ Be warm.').waitFor();
  },

  async 'a version is used at one tenant, which then goes back to that of the agency'({ page, ask, world }) {
    await page.goto(settings(world, 'prompts'));
    await page.getByRole('button', { name: 'Use it' }).click();
    const form = page.getByRole('dialog', { name: 'Use version 2' });
    await choose(page, form, 'At', 'Lumen Skin');
    await form.getByRole('button', { name: 'Use it' }).click();
    await page.getByText('Version 2 is in use at Lumen Skin.').waitFor();
    const toldAt = async (tenant) => {
      const { items } = await ask(`/tenants/${tenant}/prompts`);
      return items.find((it) => it.key === 'reply').arms[0].version;
    };
    assert.deepEqual([await toldAt(world.tenant), await toldAt(world.other.id)], [2, 1]);

    await page.getByRole('main').getByRole('link', { name: 'Lumen Skin' }).click();
    await page.getByText('Chosen for this tenant').waitFor();
    await page.getByRole('button', { name: 'Choose a version: Writing answers' }).click();
    const choice = page.getByRole('dialog', { name: 'Writing answers at Lumen Skin' });
    await choose(page, choice, 'Version', 'As the agency: version 1');
    await choice.getByRole('button', { name: 'Use it' }).click();
    await page.getByText('The version of the agency is in use at Lumen Skin.').waitFor();
    await page.getByText('Chosen for this tenant').waitFor({ state: 'hidden' });
    assert.equal(await toldAt(world.tenant), 1);
  },

  async 'two versions answer in an experiment, and one of them wins'({ page, ask, world }) {
    await page.goto(settings(world, 'experiments'));
    const open = async (name, share) => {
      await page.getByRole('button', { name: 'New experiment' }).click();
      const form = page.getByRole('dialog', { name: 'New experiment' });
      await form.getByRole('textbox', { name: 'Name' }).fill(name);
      await choose(page, form, 'Version', /^Version 1/);
      await choose(page, form, 'Against', /^Version 2/);
      await form.getByRole('textbox', { name: 'Share of the second' }).fill(share);
      return form;
    };
    const form = await open('Warmer answers', '');
    const start = form.getByRole('button', { name: 'Start' });
    assert.equal(await start.isEnabled(), false, 'no share is given');
    await choose(page, form, 'Against', /^Version 1/);
    await form.getByText('Choose two different versions.').waitFor();
    await choose(page, form, 'Against', /^Version 2/);
    await form.getByRole('textbox', { name: 'Share of the second' }).fill('30');
    const sent = requestsTo(page, 'POST', '/experiments');
    await start.dblclick();
    await page.getByText('Warmer answers runs.').waitFor();
    assert.equal(sent.length, 1, sent.join(' '));
    await page.getByText('It is too early to say', { exact: false }).waitFor();

    const second = await open('Another one', '50');
    await second.getByRole('button', { name: 'Start' }).click();
    await second.getByText('runs already', { exact: false }).waitFor();
    assert.equal(await second.getByRole('textbox', { name: 'Name' }).inputValue(), 'Another one');
    await leave(page, second);

    await page.getByRole('button', { name: 'Use version 2' }).click();
    const sure = page.getByRole('dialog', { name: 'Use version 2 from now on?' });
    await sure.getByRole('button', { name: 'Use it' }).click();
    await page.getByText('version 2 won', { exact: false }).waitFor();
    const { items } = await ask(`/agencies/${world.agency}/prompts/in-use`);
    assert.equal(items.find((it) => it.key === 'reply' && it.tenant === null).version, 2);
  },
};
