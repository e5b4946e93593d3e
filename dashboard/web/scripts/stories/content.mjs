// A picture becomes a post, is planned on the calendar, and is up on Instagram.
import { strict as assert } from 'node:assert';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../lib/browser.mjs';
import { posts } from '../lib/sandbox.mjs';
import { picture } from '../lib/pictures.mjs';
import { rested } from '../lib/forms.mjs';

const caption = 'A morning in the studio.';

const captionOf = (composer) => composer.getByRole('textbox', { name: 'Caption', exact: true });

/** Without the live feed what others change is found when something is saved. */
const notLive = (page) =>
  page.route(/\/feed(\?|$)/, (route) => route.fulfill({ contentType: 'text/event-stream', body: '' }));

/** A picture that is planned for a day far off. */
async function aPost({ ask, world }, words) {
  const { items } = await ask(`/tenants/${world.tenant}/media`);
  return ask(`/tenants/${world.tenant}/posts`, 'POST', {
    post_type: 'image',
    media: [items[0].id],
    caption: words,
    scheduled_at: new Date(Date.now() + 30 * 86_400_000).toISOString(),
    allow_duplicates: true,
  });
}

/** Opens the form of a post. */
async function change(page, world, post) {
  await page.goto(`/tenants/${world.tenant}/content/posts/${post.id}`);
  await page.getByRole('button', { name: 'Change', exact: true }).click();
  const composer = page.getByRole('dialog', { name: 'Change the post' });
  await composer.waitFor();
  return composer;
}

/** What somebody else saves. */
const theirs = ({ ask, world }, post, changed) => {
  const { post_type, media, caption, scheduled_at } = post;
  const document = { post_type, media, caption, scheduled_at, allow_duplicates: true, ...changed };
  return ask(`/tenants/${world.tenant}/posts/${post.id}`, 'PUT', document);
};

const plan = {
  async 'a picture is added to the library'({ page, world }) {
    const file = join(mkdtempSync(join(tmpdir(), 'dashboard-')), 'morning.png');
    writeFileSync(file, picture([230, 235, 240], [60, 90, 120], 0.1));
    await page.goto(`/tenants/${world.tenant}/content/media`);
    await page.locator('input[type=file]').setInputFiles(file);
    await page.getByText('In the library').waitFor();
  },

  async 'a post is planned on the calendar'({ page, world }) {
    await page.goto(`/tenants/${world.tenant}/content/calendar`);
    // A minute that begins soon, by the clock of the tenant; it may be tomorrow's first.
    world.due = new Date(Math.ceil((Date.now() + 12_000) / 60_000) * 60_000);
    const day = new Intl.DateTimeFormat('en-GB', {
      weekday: 'long',
      day: 'numeric',
      month: 'long',
      timeZone: 'UTC',
    }).format(world.due);
    await page.getByRole('button', { name: `New post on ${day}` }).click({ force: true });
    const composer = page.getByRole('dialog', { name: 'New post' });
    await composer.getByRole('button', { name: 'Choose files' }).click();
    const picker = page.getByRole('dialog', { name: 'Choose from the library' });
    await picker.locator('button[aria-pressed]').first().click();
    await picker.getByRole('button', { name: 'Use' }).click();
    await composer.getByRole('textbox', { name: 'Caption', exact: true }).fill(caption);
    await composer.getByLabel('When').click();
    await page.getByLabel('Hours').fill(world.due.toISOString().slice(11, 13));
    await page.getByLabel('Minutes').fill(world.due.toISOString().slice(14, 16));
    await page.getByRole('button', { name: 'Use this time' }).click();
    await composer.getByText('It can be published like this.').waitFor();
    await composer.getByRole('button', { name: 'Plan it' }).click();
    await page.getByText(/^Planned for/).waitFor();
    await page.getByRole('link', { name: caption }).first().waitFor();
  },

  async 'a picture is planned as a draft'({ page, world }) {
    await page.goto(`/tenants/${world.tenant}/content/board`);
    await page.getByRole('button', { name: 'New post' }).click();
    const composer = page.getByRole('dialog', { name: 'New post' });
    await composer.getByRole('button', { name: 'Choose files' }).click();
    const picker = page.getByRole('dialog', { name: 'Choose from the library' });
    await picker.locator('button[aria-pressed]').first().click();
    await picker.getByRole('button', { name: 'Use' }).click();
    await composer
      .getByRole('textbox', { name: 'Caption', exact: true })
      .fill('Behind the lab door. #studio');
    await composer.getByText('It can be published like this.').waitFor();
    await composer.getByRole('button', { name: 'Save as a draft' }).click();
    await page.getByText('Saved as a draft.').waitFor();
    await page
      .getByRole('link', { name: /Behind the lab door/ })
      .first()
      .waitFor();
  },

  async 'a post that somebody else changes while it is written keeps both changes'({ page, ask, world }) {
    const made = await aPost({ ask, world }, 'Shared words.');
    await notLive(page);
    const composer = await change(page, world, made);
    await captionOf(composer).fill('My words.');
    await theirs({ ask, world }, made, { caption: 'Their words.', first_comment: 'Their comment.' });
    await composer.getByRole('button', { name: 'Plan it' }).click();
    const notice = composer.getByRole('status').filter({ hasText: 'Somebody else changed this post' });
    await notice.getByText('they saved “Their comment.”').waitFor();
    await notice.getByText('they saved “Their words.”, you typed “My words.”').waitFor();
    assert.equal(await captionOf(composer).inputValue(), 'My words.');
    await rested(page);
    await composer.getByRole('button', { name: 'Plan it' }).dblclick();
    await page.getByText(/^Planned for/).waitFor();
    const saved = await ask(`/tenants/${world.tenant}/posts/${made.id}`);
    assert.deepEqual([saved.caption, saved.first_comment], ['My words.', 'Their comment.']);
  },

  async 'a post that somebody cancels while it is written is not planned again unseen'({ page, ask, world }) {
    const made = await aPost({ ask, world }, 'Called off.');
    await notLive(page);
    const composer = await change(page, world, made);
    await captionOf(composer).fill('Called off, but written.');
    await ask(`/tenants/${world.tenant}/posts/${made.id}/cancel`, 'POST');
    await composer.getByRole('button', { name: 'Plan it' }).click();
    await composer.getByText('In the meantime it became: cancelled').waitFor();
    assert.equal(await captionOf(composer).inputValue(), 'Called off, but written.');
    const { state } = await ask(`/tenants/${world.tenant}/posts/${made.id}`);
    assert.equal(state, 'cancelled');
  },

  async 'all problems of a post are shown while it is written'({ page, world }) {
    await page.goto(`/tenants/${world.tenant}/content/calendar`);
    await page.getByRole('button', { name: 'New post', exact: true }).click();
    const composer = page.getByRole('dialog', { name: 'New post' });
    await composer.getByText('Carousel').click();
    const tags = Array.from({ length: 31 }, (_, it) => `#t${it}`).join(' ');
    await composer.getByRole('textbox', { name: 'Caption', exact: true }).fill(tags);
    await composer
      .getByText(/30 hashtags,/)
      .last()
      .waitFor();
    await composer.getByText(/a carousel has 2 to 10 items/).waitFor();
  },
};

const published = {
  async 'the planned post is up at its minute, and the calendar shows it without a reload'({ page, world }) {
    await page.goto(`/tenants/${world.tenant}/content/calendar`);
    const chip = page.getByRole('link', { name: caption }).first();
    await chip.waitFor();
    await page.locator('a[data-state=published]', { hasText: caption }).waitFor({ timeout: 90_000 });
    const up = await until('the post', async () =>
      (await posts('lumen.skin')).filter((it) => it.caption === caption),
    );
    assert.equal(up.length, 1);
    await chip.click();
    await page.getByText('Published', { exact: true }).first().waitFor();
  },
};

export const content = { plan, published };
