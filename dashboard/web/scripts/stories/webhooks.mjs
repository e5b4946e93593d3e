// Programs of the agency are told what happens, and people see what became of it.
import { strict as assert } from 'node:assert';
import { createServer } from 'node:http';
import { until } from '../lib/browser.mjs';
import { choose, pressTwice, requestsTo } from '../lib/forms.mjs';

/** A program that takes events, or refuses them for as long as it is told to. */
async function receiver() {
  const taken = [];
  const state = { status: 204 };
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => (body += part));
    request.on('end', () => {
      if (state.status === 204) taken.push({ headers: request.headers, body });
      response.writeHead(state.status);
      response.end(state.status === 204 ? undefined : 'The shelf is full.');
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${server.address().port}/troupe`, taken, state, close };
}

const hooks = (world) => `/agencies/${world.agency}/settings/webhooks`;

/** What changes in the agency is told, too: a fact that becomes an event. */
const somethingHappens = (ask, world, name) =>
  ask(`/tenants/${world.tenant}/rules`, 'POST', {
    name,
    trigger: { on: 'comment' },
    conditions: [{ if: 'keywords_any', words: ['never said'] }],
    actions: [{ do: 'reply', variations: ['Hi!'] }],
  });

export const webhooks = {
  async 'a webhook is added, its secret is shown once, and what happens is told to it'({ page, ask, world }) {
    const program = await receiver();
    await page.goto(hooks(world));
    await page.getByRole('button', { name: 'Add a webhook' }).click();
    const form = page.getByRole('dialog', { name: 'Add a webhook' });
    await form.getByRole('textbox', { name: 'Name', exact: true }).fill('Warehouse');
    await form.getByRole('textbox', { name: 'Address' }).fill(program.url);
    await choose(page, form, 'Events', /^rule\.\*/);
    await form.getByRole('textbox', { name: 'Name', exact: true }).click();
    // What was typed is thrown away only after a question.
    await page.keyboard.press('Escape');
    const question = page.getByRole('dialog', { name: 'Leave without saving?' });
    await question.getByRole('button', { name: 'Stay' }).click();
    await form.getByRole('button', { name: 'Save' }).click();
    const shown = page.getByRole('dialog', { name: 'The secret that signs' });
    const secret = await shown.getByText(/^whsec_/).innerText();
    await page.keyboard.press('Escape');
    await page.waitForTimeout(800);
    await shown.getByText(secret).waitFor();
    await shown.getByRole('button', { name: 'I have kept it' }).click();
    await shown.waitFor({ state: 'hidden' });
    assert.ok(!(await page.content()).includes(secret));

    await page.getByRole('button', { name: 'Test', exact: true }).click();
    await page.getByText(/Warehouse took the test event in/).waitFor();
    await somethingHappens(ask, world, 'Told to the warehouse');
    await until('the event', () => program.taken.some((it) => it.body.includes('rule.')));
    assert.ok(program.taken.at(-1).headers['webhook-signature'].startsWith('v1,'));
    program.close();
  },

  async 'what a webhook refuses is seen with its tries, and sent again'({ page, ask, world }) {
    const program = await receiver();
    program.state.status = 503;
    await page.goto(hooks(world));
    const { webhook } = await ask(`/agencies/${world.agency}/webhooks`, 'POST', {
      name: 'Full shelf',
      url: program.url,
      events: ['rule.*'],
      tenants: [world.tenant],
      enabled: true,
    });
    await somethingHappens(ask, world, 'Told to the full shelf');
    const path = `/agencies/${world.agency}/webhooks/${webhook.id}/deliveries`;
    await until('the refusal', async () => (await ask(path)).items[0]?.tries === 1);
    await page.reload();
    const line = page.getByRole('group', { name: 'Full shelf' });
    await line.getByRole('button', { name: 'Test', exact: true }).click();
    await page.getByText('Full shelf did not take it').waitFor();
    await line.getByRole('button', { name: 'Deliveries' }).click();
    const dialog = page.getByRole('dialog', { name: 'Deliveries of Full shelf' });
    await dialog.getByText(/1 try/).waitFor();
    await dialog.getByRole('button', { name: /^Tries/ }).click();
    await dialog.getByText('The shelf is full.').waitFor();

    program.state.status = 204;
    const sent = requestsTo(page, 'POST', '/redeliver');
    // Two clicks order it once, also when the second comes after the answer.
    await pressTwice(page, dialog.getByRole('button', { name: /^Send again/ }), () =>
      page.getByText('It is sent again.').waitFor(),
    );
    await until('the delivery', () => program.taken.length === 1);
    assert.equal(sent.length, 1);
    // Seen without a reload.
    await dialog.getByText('Delivered', { exact: true }).last().waitFor();
    await dialog.getByText(/2\. .*taken with 204/).waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });

    // The new secret is shown once, too.
    await line.getByRole('button', { name: 'New secret' }).click();
    const rotate = page.getByRole('dialog', { name: 'A new secret for Full shelf' });
    await rotate.getByRole('button', { name: 'Make it' }).click();
    const secret = await rotate.getByText(/^whsec_/).innerText();
    await page.waitForTimeout(800);
    await rotate.getByRole('button', { name: 'I have kept it' }).click();
    await rotate.waitFor({ state: 'hidden' });
    assert.ok(!(await page.content()).includes(secret));
    // Both sign for a while.
    await line.getByRole('button', { name: 'Test', exact: true }).click();
    await until('the test', () => program.taken.length === 2);
    assert.equal(program.taken.at(-1).headers['webhook-signature'].split(' ').length, 2);
    program.close();
  },
};
