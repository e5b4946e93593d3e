// The local Instagram, played by hand.
const url = (process.env.SANDBOX_URL ?? 'http://127.0.0.1:8090').replace(/\/$/, '');

async function control(method, path, body) {
  const response = await fetch(`${url}/_sandbox${path}`, {
    method,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`sandbox ${method} ${path}: ${JSON.stringify(answer)}`);
  return answer;
}

/** A professional account that no app looks after yet, with a post. */
export async function openAccount(username, name) {
  await control('POST', '/accounts', { username, name, subscribed: false });
  await control('POST', `/accounts/${username}/media`, { caption: 'New in the shop.' });
}

/** What is entered at Meta: where webhooks go. */
export async function sendWebhooksTo(callback_url) {
  const [app] = await control('GET', '/apps');
  await control('POST', `/apps/${app.id}/subscription`, { callback_url });
}

export const comment = (account, from, text) =>
  control('POST', `/accounts/${account}/comments`, { from, text });

export const message = (account, from, text) =>
  control('POST', `/accounts/${account}/messages`, { from, text });

export const comments = (account) => control('GET', `/accounts/${account}/comments`);

/** The texts of the public replies that a comment got. */
export async function repliesOf(account, comment) {
  const all = await comments(account);
  return all.filter((it) => it.parent === comment.id && !it.deleted).map((it) => it.text);
}

export const posts = (account) => control('GET', `/accounts/${account}/media`);

/** From now on Instagram refuses this for good. */
export const refuse = (account, endpoint) =>
  control('POST', '/faults', { kind: 'refused', code: 100, subcode: 2018001, account, endpoint });

export const behave = () => control('DELETE', '/faults');
