// What the pictures show and a new demonstration does not have yet. Made once: what is there stays.
import { until } from './browser.mjs';

const warmer = '\nWrite warmly, in short sentences, and never promise a date.\n';

async function prompts(ask, agency, tenant) {
  const path = `/agencies/${agency}`;
  const { items } = await ask(`${path}/prompts?key=reply`);
  if (items.length > 1) return;
  const first = await ask(`${path}/prompts/${items[0].id}`);
  const second = await ask(`${path}/prompts`, 'POST', {
    key: 'reply',
    body: `${first.body}${warmer}`,
    note: 'Warmer, and no promises of dates',
  });
  await ask(`${path}/prompts/in-use`, 'PUT', { key: 'reply', version: second.version, tenant });
  const classify = (await ask(`${path}/prompts?key=classify`)).items[0];
  const stricter = await ask(`${path}/prompts`, 'POST', {
    key: 'classify',
    body: `${(await ask(`${path}/prompts/${classify.id}`)).body}\nWhen in doubt, it is a complaint.\n`,
    note: 'Doubt means a complaint',
  });
  await ask(`${path}/experiments`, 'POST', {
    key: 'classify',
    name: 'Doubt means a complaint',
    arms: [
      { version: classify.version, weight: 70 },
      { version: stricter.version, weight: 30 },
    ],
  });
}

async function rehearsal(ask, agency) {
  const path = `/agencies/${agency}/rehearsals`;
  if ((await ask(path)).items.length > 0) return;
  const now = new Date();
  const begun = await ask(path, 'POST', {
    from: new Date(now.getTime() - 7 * 86_400_000).toISOString(),
    until: now.toISOString(),
    changed: { settings: { min_confidence: 0.95 } },
  });
  await until('the rehearsal', async () => (await ask(`${path}/${begun.id}`)).status === 'done', 60_000);
}

async function people(ask, agency, tenant) {
  const path = `/agencies/${agency}`;
  if ((await ask(`${path}/users`)).items.length > 1) return;
  await ask(`${path}/invitations`, 'POST', { email: 'nora@example.com', role: 'operator' });
  await ask(`${path}/invitations`, 'POST', {
    email: 'client@example.com',
    role: 'client',
    tenants: [tenant],
  });
}

/** One that refuses: what becomes of its events is seen. */
async function webhook(ask, agency) {
  const path = `/agencies/${agency}/webhooks`;
  if ((await ask(path)).items.length > 0) return;
  const made = await ask(path, 'POST', {
    name: 'Data warehouse',
    url: process.env.WEBHOOK_URL ?? 'https://hooks.example.com/troupe',
    events: ['decision.*', 'approval.*', 'post.*'],
    tenants: [],
    enabled: true,
  });
  await until('a try', async () => {
    const { items } = await ask(`${path}/${made.webhook.id}/deliveries`);
    return items.some((it) => it.tries > 0);
  });
}

/** Makes all of it. */
export async function setScene(ask, agency, tenant) {
  await prompts(ask, agency, tenant);
  await rehearsal(ask, agency);
  await people(ask, agency, tenant);
  await webhook(ask, agency);
}
