// What another setting would have changed, seen before anybody outside sees it.
import { strict as assert } from 'node:assert';
import { choose, requestsTo } from '../lib/forms.mjs';
import { repliesOf, comments } from '../lib/sandbox.mjs';

export const rehearsals = {
  async 'what came in everywhere is decided again with another confidence, and nothing is sent'({
    page,
    world,
  }) {
    const answered = async () => {
      const all = await comments('lumen.skin');
      return (await Promise.all(all.map((it) => repliesOf('lumen.skin', it)))).flat();
    };
    const before = await answered();
    await page.goto(`/agencies/${world.agency}/rehearsals`);
    await page.getByRole('button', { name: 'New rehearsal' }).first().click();
    const form = page.getByRole('dialog', { name: 'New rehearsal' });
    const begin = form.getByRole('button', { name: 'Rehearse' });
    await choose(page, form, 'Decided again with', 'Another version of a prompt');
    assert.equal(await begin.isEnabled(), false, 'no version is chosen');
    await choose(page, form, 'Decided again with', 'Another confidence from which to act');
    const least = form.getByRole('textbox', { name: 'Act from' });
    await least.fill('');
    assert.equal(await begin.isEnabled(), false, 'no confidence is given');
    await least.fill('99');
    const sent = requestsTo(page, 'POST', '/rehearsals');
    await begin.dblclick();
    await page.getByRole('heading', { level: 1, name: 'Acting from 99 % sure' }).waitFor();
    await page.getByRole('heading', { name: 'What would be different' }).waitFor();
    assert.equal(sent.length, 1, sent.join(' '));
    await page.getByRole('row', { name: /Lumen Skin/ }).waitFor();
    await page.getByText(/“Done by itself” becomes “Draft for a person”/).waitFor();
    await page.getByRole('link', { name: 'All rehearsals' }).click();
    await page.getByRole('link', { name: /Other settings/ }).waitFor();
    assert.deepEqual(await answered(), before);
  },
};
