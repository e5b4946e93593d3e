// What every form promises: nothing that was typed is lost by a slip, and nothing is sent twice.

/** Escape asks before it throws away what was typed, and staying keeps the form. */
export async function askedBeforeLeaving(page, form) {
  await page.keyboard.press('Escape');
  const question = page.getByRole('dialog', { name: 'Leave without saving?' });
  await question.waitFor();
  // In the question it means to stay.
  await page.keyboard.press('Escape');
  await question.waitFor({ state: 'hidden' });
  // Where somebody was.
  await form.locator(':focus').waitFor();
}

/** Throws away what was typed, on purpose. */
export async function leave(page, form) {
  await form.getByRole('button', { name: 'Cancel' }).click();
  const question = page.getByRole('dialog', { name: 'Leave without saving?' });
  await question.getByRole('button', { name: 'Leave' }).click();
  await form.waitFor({ state: 'hidden' });
}

/** The requests of this kind that are sent from now on. */
export function requestsTo(page, method, part) {
  const sent = [];
  page.on('request', (it) => it.method() === method && it.url().includes(part) && sent.push(it.url()));
  return sent;
}

/** Chooses from a list that opens below a field. */
export async function choose(page, form, field, option) {
  await form.getByRole('textbox', { name: field, exact: true }).click();
  await page.getByRole('option', { name: option }).click();
}

/** Whoever looked at what came of a press may press again. */
export const rested = (page) => page.waitForTimeout(800);

/** Two clicks at the same place: so many milliseconds apart, or the second one right when something is seen, for which it looks out from before the first. */
export async function pressTwice(page, button, delay) {
  await button.scrollIntoViewIfNeeded();
  const { x, y, width, height } = await button.boundingBox();
  await page.mouse.move(x + width / 2, y + height / 2);
  const seen = typeof delay === 'number' ? undefined : delay();
  await page.mouse.down();
  await page.mouse.up();
  await (seen ?? page.waitForTimeout(delay));
  await page.mouse.down();
  await page.mouse.up();
}
