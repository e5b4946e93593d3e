// Impatient people: two clicks where one is meant, a moment apart, do one thing.
import { strict as assert } from 'node:assert';
import { choose, requestsTo } from '../lib/forms.mjs';

/** From the two clicks of a double click to those of somebody who saw nothing happen. */
const delays = [0, 60, 120, 200, 400];

async function pressTwice(page, button, delay) {
  await button.scrollIntoViewIfNeeded();
  const { x, y, width, height } = await button.boundingBox();
  await page.mouse.move(x + width / 2, y + height / 2);
  await page.mouse.down();
  await page.mouse.up();
  await page.waitForTimeout(delay);
  await page.mouse.down();
  await page.mouse.up();
}

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
    assert.equal(sent.splice(0).length, 1, `${delay} ms between the clicks`);
  }
}

/** Opens a dialog by a button of the page. */
async function dialogOf(page, opener, title) {
  await page.getByRole('main').getByRole('button', { name: opener, exact: true }).first().click();
  const form = page.getByRole('dialog', { name: title });
  await form.waitFor();
  return form;
}

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
};
