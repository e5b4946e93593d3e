// From an installation that nobody has set up to a client whose account is connected.
import { strict as assert } from 'node:assert';
import { base, until } from '../lib/browser.mjs';
import { openAccount, sendWebhooksTo } from '../lib/sandbox.mjs';

export const owner = {
  name: 'Olga Owner',
  email: 'olga@example.com',
  password: 'a warm lamp over the old desk',
};

export async function signIn(page, { email, password } = owner) {
  await page.getByRole('textbox', { name: 'E-mail' }).fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

export const firstSteps = {
  async 'a new installation is set up with its code'({ page }) {
    await page.goto('/');
    await page.getByRole('heading', { name: 'Set up Troupe' }).waitFor();
    await page.getByLabel('Set-up code').fill('not-the-code');
    await page.getByLabel('Name of the agency').fill('North Agency');
    await page.getByLabel('Your name').fill(owner.name);
    await page.getByLabel('E-mail').fill(owner.email);
    await page.getByLabel('Password').fill(owner.password);
    await page.getByRole('button', { name: 'Set up' }).click();
    await page.getByText(/Is wrong or too old/).waitFor();
    await page.getByLabel('Set-up code').fill(process.env.SET_UP_CODE);
    await page.getByRole('button', { name: 'Set up' }).click();
    await page.getByRole('heading', { level: 1, name: 'North Agency' }).waitFor();
  },

  async 'the owner signs in with e-mail and password'({ page, context, world }) {
    await page.goto('/');
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await signIn(page, { ...owner, password: 'not the right one at all' });
    await page.getByRole('alert').getByText('E-mail address or password is wrong').waitFor();
    await signIn(page);
    await page.getByRole('heading', { level: 1, name: 'North Agency' }).waitFor();
    world.state = await context.storageState();
    world.agency = page.url().split('/').at(-1);
  },

  async 'a client is added, and its account connected on Instagram’s own pages'({
    page,
    context,
    ask,
    world,
  }) {
    await openAccount('lumen.skin', 'Lumen Skin');
    await sendWebhooksTo(`${base}/webhooks/instagram`);
    await page.goto(`/agencies/${world.agency}/tenants`);
    await page.getByRole('button', { name: 'New tenant' }).click();
    const dialog = page.getByRole('dialog', { name: 'New tenant' });
    await dialog.getByRole('textbox', { name: 'Name', exact: true }).fill('Lumen Skin');
    assert.equal(await dialog.getByRole('textbox', { name: 'Short name' }).inputValue(), 'lumen-skin');
    await dialog.getByRole('button', { name: 'Make it' }).click();
    await page.waitForURL('**/settings/accounts');
    world.tenant = page.url().split('/').at(-3);
    await page.getByRole('button', { name: 'Connect Instagram' }).first().click();
    const connect = page.getByRole('dialog', { name: 'Connect Instagram' });
    await connect.getByRole('button', { name: 'Go on' }).click();
    const [consent] = await Promise.all([
      context.waitForEvent('page'),
      connect.getByRole('link', { name: 'Open Instagram' }).click(),
    ]);
    await consent.getByLabel('@lumen.skin').check();
    await consent.getByRole('button', { name: 'Allow' }).click();
    await consent
      .getByText(/connected/i)
      .first()
      .waitFor();
    await connect.getByText('Comments and messages come in from now on.').waitFor();
    await connect.getByRole('button', { name: 'Done' }).click();
    await page.getByText('@lumen.skin', { exact: true }).waitFor();
    await until('the account', async () => {
      const { items } = await ask(`/tenants/${world.tenant}/accounts`);
      return items.some((it) => it.username === 'lumen.skin' && it.status === 'active');
    });
  },

  async 'a second client is added'({ ask, world }) {
    const made = await ask(`/agencies/${world.agency}/tenants`, 'POST', {
      name: 'Café Mirador',
      slug: 'cafe-mirador',
      time_zone: 'Europe/Madrid',
    });
    world.other = made;
  },
};
