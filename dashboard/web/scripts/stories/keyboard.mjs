// Without a mouse.
import { strict as assert } from 'node:assert';
import { openPage } from '../lib/browser.mjs';
import { aDraft, oneReply, readIt } from './answering.mjs';
import { owner } from './first-steps.mjs';

/** Presses Tab until the focus is on something of this name. */
async function tabTo(page, name) {
  for (let step = 0; step < 250; step += 1) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => {
      const it = document.activeElement;
      return it?.getAttribute('aria-label') ?? it?.textContent?.trim() ?? '';
    });
    if (name.test(focused)) return;
  }
  throw new Error(`Tab never came to ${name}`);
}

export const keyboard = {
  async 'with the keyboard alone: sign in, approve, find a page, switch the client'({ ask, world }) {
    const { said } = await aDraft({ ask, world }, 'klara', 'Do you also ship to Portugal?');
    const { page, context } = await openPage({ browser: world.browser });
    page.setDefaultTimeout(15_000);
    await page.goto(`/tenants/${world.tenant}`);
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.keyboard.type(owner.email);
    await page.keyboard.press('Tab');
    await page.keyboard.type(owner.password);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Lumen Skin' }).waitFor();

    await page.keyboard.press('g');
    await page.keyboard.press('a');
    await page.waitForURL('**/approvals');
    await page.getByRole('article', { name: 'Draft: Do you also ship to Portugal?' }).waitFor();
    while (
      !(await page
        .getByRole('article', { name: /ship to Portugal/ })
        .evaluate((it) => it === document.activeElement))
    ) {
      await page.keyboard.press('j');
    }
    await readIt(page);
    await page.keyboard.press('a');
    await oneReply(said);

    await page.keyboard.press('Control+k');
    await page.getByPlaceholder('Search pages and tenants').waitFor();
    await page.keyboard.type('audit');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Audit log' }).waitFor();

    await tabTo(page, /^Lumen Skin$/);
    await page.keyboard.press('Enter');
    await page.getByRole('combobox', { name: 'Search tenants' }).and(page.locator(':focus')).waitFor();
    await page.keyboard.type('mirador');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Café Mirador' }).waitFor();
    await context.close();
  },

  async 'the keys are explained, and can be switched off'({ page, world }) {
    await page.goto(`/tenants/${world.tenant}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.keyboard.press('?');
    const dialog = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    await dialog.getByText('Next draft').waitFor();
    await dialog.getByRole('switch', { name: 'Single-key shortcuts' }).uncheck();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    await page.keyboard.press('?');
    await page.waitForTimeout(300);
    assert.equal(await dialog.isVisible(), false);
  },
};
