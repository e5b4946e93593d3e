// Works comments off: finds the account, asks the model, replies through the Graph API, keeps two rows.
//
// Environment: REDIS_PORT, DATABASE_URL, GRAPH_URL, MODEL_URL (empty: no model is asked, every comment is praise),
// FINISHED_PORT (answers with the number of comments whose rows are stored).
import { createServer } from 'node:http';
import { Worker } from 'bullmq';
import pg from 'pg';

const { REDIS_PORT, DATABASE_URL, GRAPH_URL, MODEL_URL, FINISHED_PORT } = process.env;
const database = new pg.Pool({ connectionString: DATABASE_URL, max: 20 });
let finished = 0;

async function postJson(url, body) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return answer.json();
}

async function classify(text) {
  if (!MODEL_URL) return 'praise';
  const messages = [
    { role: 'system', content: 'Name the intent of this Instagram comment in one word.' },
    { role: 'user', content: text },
  ];
  const answer = await postJson(`${MODEL_URL}/v1/chat/completions`, { model: 'small', messages });
  return answer.choices[0].message.content;
}

async function handle({ data: { account, comment } }) {
  const found = await database.query('select id from accounts where instagram_id = $1', [account]);
  const { id } = found.rows[0];
  const intent = await classify(comment.text);
  const reply = await postJson(`${GRAPH_URL}/v25.0/${comment.id}/replies`, { message: `Thank you! (${intent})` });
  await database.query(
    `insert into replies (account_id, comment_id, comment_text, intent, reply_id) values ($1, $2, $3, $4, $5)
     on conflict do nothing`,
    [id, comment.id, comment.text, intent, reply.id],
  );
  await database.query('insert into audit (account_id, what, details, cost) values ($1, $2, $3, $4)', [
    id,
    'comment.replied',
    { comment: comment.id, reply: reply.id },
    0.0001,
  ]);
  finished += 1;
}

new Worker('comments', handle, {
  connection: { host: '127.0.0.1', port: Number(REDIS_PORT) },
  concurrency: 50,
});

createServer((_request, response) => response.end(String(finished))).listen(Number(FINISHED_PORT), '127.0.0.1');
