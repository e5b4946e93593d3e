// Impatient people: two clicks where one is meant, a moment apart, do one thing.
import { strict as assert } from 'node:assert';
import { until } from '../lib/browser.mjs';
import { choose, pressTwice, requestsTo, rested } from '../lib/forms.mjs';
import { behave, comment, message, refuse } from '../lib/sandbox.mjs';

/** From the two clicks of a double click to those of somebody who saw nothing happen. */
const delays = [0, 60, 120, 200, 400];

const field = (form, name) => form.getByRole('textbox', { name, exact: true });

/**
 * Fills a form in and sends it with two clicks, for every delay. `open` gives the form, filled in for this number;
 * `after` looks at what the first click led to.
 */
async function once(page, { path, button, open, after, of = delays }) {
  const sent = requestsTo(page, 'POST', path);
  for (const [number, delay] of of.entries()) {
    const form = await open(number);
    await pressTwice(page, form.getByRole('button', { name: button, exact: true }), delay);
    await after(form, number);
    // What a second click would have sent is sent by now.
    await page.waitForTimeout(200);
    const apart = typeof delay === 'number' ? `${delay} ms` : 'an answer';
    assert.equal(sent.splice(0).length, 1, `${apart} between the clicks`);
  }
}

/** Opens a dialog by a button of the page. */
async function dialogOf(page, opener, title) {
  await page.getByRole('main').getByRole('button', { name: opener, exact: true }).first().click();
  const form = page.getByRole('dialog', { name: title });
  await form.waitFor();
  return form;
}

const account = 'lumen.skin';

/** The button can be pressed again: what it did is done. Its loading state alone may be too short to be seen. */
const answered = (page, path, name) => async () => {
  await page.waitForResponse((it) => it.request().method() === 'POST' && it.url().includes(path));
  await page.getByRole('button', { name, exact: true }).and(page.locator(':not([data-loading])')).waitFor();
};

const closed = (form) => form.waitFor({ state: 'hidden' });

export const twice = {
  async 'two clicks make one rule'({ page, world }) {
    await once(page, {
      path: '/rules',
      button: 'Save',
      open: async (number) => {
        await page.goto(`/tenants/${world.tenant}/rules/new`);
        const main = page.getByRole('main');
        await field(main, 'Name').fill(`Once ${number}`);
        await field(main, 'Text 1').fill('Hi!');
        return main;
      },
      after: async (_, number) => {
        await page.waitForURL('**/rules');
        await page.getByRole('link', { name: `Once ${number}`, exact: true }).waitFor();
      },
    });
  },

  async 'two clicks make one key, and it is seen'({ page, world }) {
    await page.goto(`/agencies/${world.agency}/settings/keys`);
    await once(page, {
      path: '/keys',
      button: 'Make it',
      open: async (number) => {
        const form = await dialogOf(page, 'New key', 'New API key');
        await field(form, 'Name').fill(`Once ${number}`);
        return form;
      },
      after: async (form) => {
        await form.getByText(/^trp_/).waitFor();
        await page.waitForTimeout(800);
        await form.getByText(/^trp_/).waitFor();
        await form.getByRole('button', { name: 'I have kept it' }).click();
        await closed(form);
      },
    });
  },

  async 'two clicks invite once, and the link is seen'({ page, world }) {
    await page.goto(`/agencies/${world.agency}/users`);
    await once(page, {
      path: '/invitations',
      button: 'Invite',
      open: async (number) => {
        const form = await dialogOf(page, 'Invite', 'Invite somebody');
        await field(form, 'E-mail').fill(`once-${number}@example.com`);
        return form;
      },
      after: async (form) => {
        await field(form, 'Link').waitFor();
        await page.waitForTimeout(800);
        assert.match(await field(form, 'Link').inputValue(), /#token=/);
        await form.getByRole('button', { name: 'Done' }).click();
        await closed(form);
      },
    });
  },

  async 'two clicks make one tenant'({ page, world }) {
    await once(page, {
      path: '/tenants',
      button: 'Make it',
      open: async (number) => {
        await page.goto(`/agencies/${world.agency}/tenants`);
        const form = await dialogOf(page, 'New tenant', 'New tenant');
        await field(form, 'Name').fill(`Once ${number}`);
        return form;
      },
      after: async () => {
        await page.waitForURL('**/settings/accounts');
        await page.getByRole('button', { name: 'Connect Instagram' }).first().waitFor();
      },
      of: [60, 200, 400],
    });
  },

  async 'two clicks remember one fact'({ page, world }) {
    await page.goto(`/tenants/${world.tenant}/memory`);
    await once(page, {
      path: '/memory',
      button: 'Add',
      open: async (number) => {
        const form = await dialogOf(page, 'Add a fact', 'Add a fact');
        await field(form, 'Fact').fill(`We have ${number + 2} shops.`);
        return form;
      },
      after: closed,
    });
  },

  async 'two clicks make one template'({ page, world }) {
    await page.goto(`/tenants/${world.tenant}/content/templates`);
    await once(page, {
      path: '/post-templates',
      button: 'Save',
      open: async (number) => {
        const form = await dialogOf(page, 'New template', 'New template');
        await field(form, 'Name').fill(`Once ${number}`);
        return form;
      },
      after: closed,
      of: [60, 200],
    });
  },

  async 'two clicks add one channel, one webhook and one app'({ page, world }) {
    const settings = `/agencies/${world.agency}/settings`;
    await page.goto(`${settings}/channels`);
    await once(page, {
      path: '/channels',
      button: 'Save',
      open: async (number) => {
        const form = await dialogOf(page, 'Add a channel', 'Add a channel');
        await field(form, 'Name').fill(`Once ${number}`);
        await field(form, 'Addresses').fill('team@example.com');
        await page.keyboard.press('Enter');
        return form;
      },
      after: closed,
      of: [0, 120],
    });
    await page.goto(`${settings}/webhooks`);
    await once(page, {
      path: '/webhooks',
      button: 'Save',
      open: async (number) => {
        const form = await dialogOf(page, 'Add a webhook', 'Add a webhook');
        await field(form, 'Name').fill(`Once ${number}`);
        await field(form, 'Address').fill('https://hooks.example.com/troupe');
        await choose(page, form, 'Events', /^\*/);
        // The list of events closes when it is left.
        await field(form, 'Name').click();
        return form;
      },
      after: async () => {
        const form = page.getByRole('dialog', { name: 'The secret that signs' });
        await form.getByText(/^whsec_/).waitFor();
        await page.waitForTimeout(800);
        await form.getByText(/^whsec_/).waitFor();
        await form.getByRole('button', { name: 'I have kept it' }).click();
        await closed(form);
      },
      of: [60, 200],
    });
    await page.goto(`${settings}/apps`);
    await once(page, {
      path: '/apps',
      button: 'Add',
      open: async (number) => {
        const form = await dialogOf(page, 'Add an app', 'Add a Meta app');
        await field(form, 'App id').fill(`77000${number}`);
        await form.getByLabel('App secret').fill('a-secret-of-the-app');
        await field(form, 'Verify token').fill('a-token-of-ours');
        return form;
      },
      after: closed,
      of: [60, 200],
    });
  },

  async 'two clicks keep one version of a prompt, and start one experiment'({ page, ask, world }) {
    const settings = `/agencies/${world.agency}/settings`;
    await page.goto(`${settings}/prompts`);
    await once(page, {
      path: '/prompts',
      button: 'Keep it',
      open: async (number) => {
        await page.getByRole('main').getByRole('button', { name: 'New version' }).first().click();
        const form = page.getByRole('dialog', { name: /^New version/ });
        await form.locator('textarea:not([readonly])').first().waitFor();
        await field(form, 'Text').press('Control+End');
        await page.keyboard.type(`\nBe brief ${number}.`);
        return form;
      },
      after: closed,
      of: [60, 200],
    });
    await page.goto(`${settings}/experiments`);
    await once(page, {
      path: '/experiments',
      button: 'Start',
      open: async (number) => {
        const form = await dialogOf(page, 'New experiment', 'New experiment');
        await field(form, 'Name').fill(`Once ${number}`);
        await choose(page, form, 'Version', /^Version 1/);
        await choose(page, form, 'Against', /^Version 2/);
        return form;
      },
      after: closed,
      of: [120],
    });
    const { items } = await ask(`/agencies/${world.agency}/experiments`);
    for (const it of items.filter((one) => one.name.startsWith('Once'))) {
      await ask(`/agencies/${world.agency}/experiments/${it.id}/stop`, 'POST', {});
    }
  },

  async 'two clicks make one report, and begin a work by the clock once'({ page, world }) {
    await page.goto(`/tenants/${world.tenant}/reports`);
    await once(page, {
      path: '/reports',
      button: 'Make it now',
      open: () => page.getByRole('main'),
      after: () => rested(page),
      of: [0, 200, answered(page, '/reports', 'Make it now')],
    });
    await page.goto(`/tenants/${world.tenant}/agents`);
    await once(page, {
      path: '/run',
      button: 'Run now: Daily report',
      open: () => page.getByRole('main'),
      after: () => rested(page),
      of: [60, answered(page, '/run', 'Run now: Daily report')],
    });
  },

  async 'two clicks try one dead letter again, and leave the one that moves up alone'({ page, ask, world }) {
    await refuse(account, 'reply_to_comment');
    await comment(account, 'nils', 'The best oil that I ever had, love it!');
    await comment(account, 'olga', 'What a wonderful cream, love it!');
    const letters = async () => (await ask(`/tenants/${world.tenant}/queue/dlq`)).items;
    await until('two dead letters', async () => (await letters()).length === 2);
    await behave();
    await page.goto(`/tenants/${world.tenant}/queue`);
    const buttons = page.getByRole('button', { name: 'Try again' });
    await buttons.nth(1).waitFor();
    const sent = requestsTo(page, 'POST', '/retry');
    // The second click comes when the row is gone and the next one stands in its place.
    await pressTwice(page, buttons.first(), () => buttons.nth(1).waitFor({ state: 'detached' }));
    await page.getByText('It is in the queue again.').waitFor();
    await until('one dead letter', async () => (await letters()).length === 1);
    await rested(page);
    assert.equal(sent.length, 1, sent.join(' '));
    assert.equal((await letters()).length, 1, 'the other one waits for a person');
    await buttons.click();
    await page.getByText('No dead letters').waitFor();
  },

  async 'two clicks take a conversation over, and do not hand it back'({ page, ask, world }) {
    await message(account, 'petra', 'Hello! Which serum would you take?');
    const direct = await until('the conversation', async () => {
      const { items } = await ask(`/tenants/${world.tenant}/conversations?kind=direct`);
      return items.find((it) => it.owner !== 'human');
    });
    await page.goto(`/tenants/${world.tenant}/inbox/${direct.id}`);
    const handBack = page.getByRole('button', { name: 'Hand back' });
    for (const delay of [120, () => handBack.waitFor()]) {
      await pressTwice(page, page.getByRole('button', { name: 'Take over' }), delay);
      await handBack.waitFor();
      await rested(page);
      await handBack.click();
      await page.getByRole('button', { name: 'Take over' }).waitFor();
      await rested(page);
    }
    const { owner } = await ask(`/tenants/${world.tenant}/conversations/${direct.id}`);
    assert.notEqual(owner, 'human');
  },

  async 'two clicks ask before something is removed, and remove nothing'({ page, ask, world }) {
    await ask(`/agencies/${world.agency}/channels`, 'POST', {
      kind: 'email',
      name: 'Stays',
      to: ['team@example.com'],
    });
    await page.goto(`/agencies/${world.agency}/settings/channels`);
    const line = page.getByRole('group', { name: 'Stays' });
    const sent = requestsTo(page, 'DELETE', '/channels/');
    const question = page.getByRole('dialog', { name: 'Remove Stays?' });
    await pressTwice(page, line.getByRole('button', { name: 'Remove' }), 200);
    await question.waitFor();
    await page.waitForTimeout(400);
    await question.getByRole('button', { name: 'Cancel' }).click();
    await closed(question);
    assert.deepEqual(sent, []);
    await line.getByRole('button', { name: 'Remove' }).click();
    await pressTwice(page, question.getByRole('button', { name: 'Remove' }), 60);
    await page.getByText('Stays is removed.').waitFor();
    await closed(line);
    assert.equal(sent.length, 1, sent.join(' '));
  },
};
