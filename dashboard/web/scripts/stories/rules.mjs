// Rules and settings, also when two people change them at once.
import { strict as assert } from 'node:assert';
import { rested } from '../lib/forms.mjs';

const rule = (world, id) => `/tenants/${world.tenant}/rules${id === undefined ? '' : `/${id}`}`;
const nameField = (page) => page.getByRole('textbox', { name: 'Name', exact: true });

export const rules = {
  async 'a rule is made, tried, and taken away'({ page, world }) {
    await page.goto(rule(world, 'new'));
    await nameField(page).fill('Opening hours');
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

  async 'an unsaved rule is not lost by a wrong click'({ page, world }) {
    await page.goto(rule(world, 'new'));
    await nameField(page).fill('Half written');
    await page.getByRole('link', { name: 'Queue' }).click();
    const dialog = page.getByRole('dialog', { name: 'Leave without saving?' });
    await dialog.getByRole('button', { name: 'Stay' }).click();
    assert.equal(await nameField(page).inputValue(), 'Half written');
  },

  async 'a rule that somebody else changed meanwhile shows what changed and loses nothing typed'({
    page,
    ask,
    world,
  }) {
    const made = await ask(rule(world), 'POST', {
      name: 'Prices',
      trigger: { on: 'comment' },
      conditions: [{ if: 'keywords_any', words: ['price'] }],
      actions: [{ do: 'reply', variations: ['It is in our shop.'] }],
    });
    const theirs = async (change) => {
      const { name, trigger, conditions, actions, priority, daily_cap, enabled, dry_run } = await ask(
        rule(world, made.id),
      );
      const present = { name, trigger, conditions, actions, priority, daily_cap, enabled, dry_run };
      await ask(rule(world, made.id), 'PUT', { ...present, ...change });
    };
    // Without the live feed: what changed is found when it is saved.
    await page.route(/\/feed(\/|\?|$)/, (route) => route.fulfill({ status: 404 }));
    await page.goto(rule(world, made.id));
    await nameField(page).fill('Prices, by me');
    await page.getByRole('textbox', { name: 'Text 1' }).fill('All prices are in our shop.');
    await theirs({ name: 'Prices, by them', priority: 7 });
    await page.getByRole('button', { name: 'Save' }).click();
    const notice = page.getByRole('status').filter({ hasText: 'Somebody else changed this rule' });
    await notice.getByText('they saved “7”').waitFor();
    await notice.getByText('they saved “Prices, by them”, you typed “Prices, by me”').waitFor();
    assert.equal(await nameField(page).inputValue(), 'Prices, by me');
    await rested(page);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.waitForURL('**/rules');
    const saved = await ask(rule(world, made.id));
    assert.deepEqual(
      [saved.name, saved.priority, saved.actions[0].variations],
      ['Prices, by me', 7, ['All prices are in our shop.']],
    );
  },

  async 'settings that somebody else changes are told at once, and nothing typed is lost'({
    page,
    ask,
    world,
  }) {
    const path = `/tenants/${world.tenant}/settings`;
    await page.goto(`${path}/behaviour`);
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByRole('textbox', { name: 'Signature of messages' }).fill('Your Lumen team');
    await ask(path, 'PUT', { ...(await ask(path)), approval_days: 21, blocked_words: ['cheap'] });
    const notice = page.getByRole('status').filter({ hasText: 'Somebody else changed the settings' });
    await notice.getByText('they saved “21”').waitFor();
    await page.getByRole('button', { name: 'Save the settings' }).click();
    await page.getByText('The settings are saved.').waitFor();
    const saved = await ask(path);
    assert.deepEqual(
      [saved.voice.signature, saved.approval_days, saved.blocked_words],
      ['Your Lumen team', 21, ['cheap']],
    );
  },
};
