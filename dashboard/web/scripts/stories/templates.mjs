// Posts that come again begin with a template.
import { strict as assert } from 'node:assert';
import { askedBeforeLeaving, leave } from '../lib/forms.mjs';

const templatesPage = (world) => `/tenants/${world.tenant}/content/templates`;
const listed = async ({ ask, world }) => (await ask(`/tenants/${world.tenant}/post-templates`)).items;
const documentOf = ({ name, post_type, caption, hashtags, first_comment }) => ({
  name,
  post_type,
  caption,
  hashtags,
  first_comment,
});
const make = ({ ask, world }, name) =>
  ask(`/tenants/${world.tenant}/post-templates`, 'POST', {
    name,
    post_type: 'image',
    caption: 'Once {what}',
  });

/** What stands in a field, by its label. */
const field = (form, name) => form.getByRole('textbox', { name, exact: true });

export const templates = {
  async 'a template is made with the keyboard alone'({ page, ask, world }) {
    await page.goto(templatesPage(world));
    await page.getByRole('button', { name: 'New template' }).first().focus();
    await page.keyboard.press('Enter');
    const form = page.getByRole('dialog', { name: 'New template' });
    await field(form, 'Name').and(page.locator(':focus')).waitFor();
    await page.keyboard.type('Tip of the week');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.type('A tip for your week: {tip}');
    await page.keyboard.press('Tab');
    await page.keyboard.type('#care, skin');
    await page.keyboard.press('Tab');
    await page.keyboard.type('More at {link}');
    await form.getByText('To fill in each time: tip, link').waitFor();
    await askedBeforeLeaving(page, form);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await form.getByRole('button', { name: 'Save' }).and(page.locator(':focus')).waitFor();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await page.getByText('Tip of the week is saved.').waitFor();
    const [made, ...others] = await listed({ ask, world });
    assert.deepEqual(others, []);
    assert.deepEqual(documentOf(made), {
      name: 'Tip of the week',
      post_type: 'image',
      caption: 'A tip for your week: {tip}',
      hashtags: ['care', 'skin'],
      first_comment: 'More at {link}',
    });
  },

  async 'a template that is refused keeps what was typed'({ page, world }) {
    await page.goto(templatesPage(world));
    await page.getByRole('button', { name: 'New template' }).click();
    const form = page.getByRole('dialog', { name: 'New template' });
    await field(form, 'Name').fill('   ');
    assert.equal(await form.getByRole('button', { name: 'Save' }).isEnabled(), false);
    await field(form, 'Name').fill('Tip of the week');
    await field(form, 'Caption').fill('Another tip');
    await form.getByRole('button', { name: 'Save' }).click();
    await form.getByText(/There is another template named/).waitFor();
    await field(form, 'Name').fill('A long one');
    await field(form, 'Caption').fill('y'.repeat(5001));
    await form.getByRole('button', { name: 'Save' }).click();
    await form.getByText(/longer than any post/).waitFor();
    assert.equal((await field(form, 'Caption').inputValue()).length, 5001);
    await leave(page, form);
  },

  async 'a template that somebody else changes meanwhile keeps both changes'({ page, ask, world }) {
    const made = await make({ ask, world }, 'Shared');
    await page.goto(templatesPage(world));
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Edit Shared' }).click();
    const form = page.getByRole('dialog', { name: 'Change the template' });
    await field(form, 'Caption').fill('My words {what}');
    const theirs = { ...documentOf(made), caption: 'Their words', first_comment: 'Their comment' };
    await ask(`/tenants/${world.tenant}/post-templates/${made.id}`, 'PUT', theirs);
    const notice = form.getByRole('status').filter({ hasText: 'Somebody else changed this template' });
    await notice.getByText('they saved “Their comment”').waitFor();
    await notice.getByText('they saved “Their words”, you typed “My words {what}”').waitFor();
    await form.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Shared is saved.').waitFor();
    const saved = await ask(`/tenants/${world.tenant}/post-templates/${made.id}`);
    assert.deepEqual([saved.caption, saved.first_comment], ['My words {what}', 'Their comment']);
  },

  async 'a template that somebody removes meanwhile is made anew of what was typed'({ page, ask, world }) {
    const made = await make({ ask, world }, 'Soon gone');
    await page.goto(templatesPage(world));
    await page.getByRole('button', { name: 'Edit Soon gone' }).click();
    const form = page.getByRole('dialog', { name: 'Change the template' });
    await field(form, 'Caption').fill('Not lost');
    await ask(`/tenants/${world.tenant}/post-templates/${made.id}`, 'DELETE');
    await form.getByRole('button', { name: 'Save' }).click();
    await form.getByText('Somebody removed this template in the meantime').waitFor();
    await form.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Soon gone is saved.').waitFor();
    const anew = (await listed({ ask, world })).find((it) => it.name === 'Soon gone');
    assert.deepEqual([anew.caption, anew.id === made.id], ['Not lost', false]);
  },

  async 'a template is filled in, and the post is written on'({ page, world }) {
    await page.goto(templatesPage(world));
    await page.getByRole('button', { name: 'Use Tip of the week' }).click();
    const form = page.getByRole('dialog', { name: 'Tip of the week' });
    await field(form, 'Tip').fill('drink water');
    await askedBeforeLeaving(page, form);
    await form.getByText('Stays in braces until you write it in: link').waitFor();
    await form.getByRole('button', { name: 'Write the post' }).click();
    const composer = page.getByRole('dialog', { name: 'New post' });
    assert.equal(
      await field(composer, 'Caption').inputValue(),
      'A tip for your week: drink water\n\n#care #skin',
    );
    // A list that is open above the composer closes alone.
    await composer.getByRole('button', { name: 'Choose files' }).click();
    const picker = page.getByRole('dialog', { name: 'Choose from the library' });
    await picker.getByRole('textbox', { name: 'Search the library' }).and(page.locator(':focus')).waitFor();
    await page.keyboard.press('Escape');
    await picker.waitFor({ state: 'hidden' });
    await askedBeforeLeaving(page, composer);
    await leave(page, composer);
  },
};
