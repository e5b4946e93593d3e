// Sessions that end: the way leads back to where somebody was.
import { strict as assert } from 'node:assert';
import { apiOf, openPage } from '../lib/browser.mjs';
import { owner, signIn } from './first-steps.mjs';

/** A page of its own session, and a way to end that session from elsewhere. */
async function ownSession({ world, ask }) {
  const { page, context } = await openPage({ browser: world.browser });
  page.setDefaultTimeout(15_000);
  await page.goto('/');
  await signIn(page);
  await page.getByRole('heading', { level: 1, name: 'North Agency' }).waitFor();
  const end = async () => {
    const { items } = await apiOf(context)('/sessions');
    await ask(`/sessions/${items.find((it) => it.is_this).id}`, 'DELETE');
  };
  return { page, context, end, close: () => context.close() };
}

export const sessions = {
  async 'a session that has ended leads to sign-in, and back to the page'({ ask, world }) {
    const { page, end, close } = await ownSession({ world, ask });
    await page.goto(`/tenants/${world.tenant}/audit`);
    await page.getByRole('heading', { level: 1, name: 'Audit log' }).waitFor();
    await end();
    await page.reload();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await signIn(page);
    await page.getByRole('heading', { level: 1, name: 'Audit log' }).waitFor();
    assert.ok(page.url().endsWith(`/tenants/${world.tenant}/audit`));
    await close();
  },

  async 'a session that ends while something is written loses nothing'({ ask, world }) {
    const { page, end, close } = await ownSession({ world, ask });
    await page.goto(`/tenants/${world.tenant}/rules/new`);
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Kept while signing in');
    await page.getByRole('textbox', { name: 'Text 1' }).fill('Hi!');
    await end();
    await page.getByRole('button', { name: 'Save' }).click();
    const dialog = page.getByRole('dialog', { name: 'Sign in again' });
    await dialog.getByLabel('Password').fill(owner.password);
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL('**/rules');
    await page.getByRole('link', { name: 'Kept while signing in' }).waitFor();
    const saved = (await ask(`/tenants/${world.tenant}/rules`)).items.filter(
      (it) => it.name === 'Kept while signing in',
    );
    assert.equal(saved.length, 1);
    await close();
  },

  async 'a session on another device is ended from the list, and nothing else is'({ page, ask, world }) {
    const elsewhere = await ownSession({ world, ask });
    const before = (await ask('/sessions')).items.length;
    await page.goto(`/tenants/${world.tenant}`);
    await page.getByRole('button', { name: /menu of Olga Owner/ }).click();
    await page.getByRole('menuitem', { name: 'Your sessions' }).click();
    const dialog = page.getByRole('dialog', { name: 'Your sessions' });
    await dialog.getByText('This one').waitFor();
    // The newest comes first.
    await dialog.getByRole('button', { name: 'End the session of Chrome on Linux' }).first().click();
    await page.getByText('The session has ended.').waitFor();
    assert.equal((await ask('/sessions')).items.length, before - 1);
    await elsewhere.page.reload();
    await elsewhere.page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await elsewhere.close();
  },

  async 'whoever signs out leaves nothing to read in other tabs either'({ ask, world }) {
    const { page, context, close } = await ownSession({ world, ask });
    const other = await context.newPage();
    await other.goto(`/tenants/${world.tenant}/rules/new`);
    await other.getByRole('textbox', { name: 'Text 1' }).fill('About a customer');
    await page.getByRole('button', { name: /menu of Olga Owner/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await other.getByRole('heading', { name: 'Sign in' }).waitFor();
    const left = await other.locator('body').evaluate((it) => it.outerHTML);
    for (const words of ['About a customer', 'Lumen Skin', 'North Agency', 'Olga Owner']) {
      assert.ok(!left.includes(words), words);
    }
    assert.equal(await other.getByText('Sign in again').count(), 0);
    // Whoever signs in there is at the page again.
    await signIn(other);
    await other.getByRole('heading', { level: 1, name: 'New rule' }).waitFor();
    await close();
  },

  async 'whoever signs out is out, and the address does not help'({ ask, world }) {
    const { page, close } = await ownSession({ world, ask });
    await page.getByRole('button', { name: /menu of Olga Owner/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.goto(`/tenants/${world.tenant}/inbox`);
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await close();
  },
};
