// Takes webhooks in: verifies the signature, puts every item into a BullMQ queue, answers.
//
// Environment: PORT, REDIS_PORT, APP_SECRET.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { Queue } from 'bullmq';
import express from 'express';

const { PORT, REDIS_PORT, APP_SECRET } = process.env;
const connection = { host: '127.0.0.1', port: Number(REDIS_PORT) };
const queues = { comments: new Queue('comments', { connection }), messages: new Queue('messages', { connection }) };

// What a careful author sets: a few tries, and finished jobs do not pile up in Redis. The job id makes a webhook that
// is delivered twice one job.
const jobOptions = (jobId) => ({
  jobId,
  attempts: 5,
  backoff: { type: 'exponential', delay: 30_000 },
  removeOnComplete: 1000,
});

function isSigned(request) {
  const claimed = Buffer.from(request.get('x-hub-signature-256') ?? '');
  const digest = createHmac('sha256', APP_SECRET).update(request.body).digest('hex');
  const expected = Buffer.from(`sha256=${digest}`);
  return claimed.length === expected.length && timingSafeEqual(claimed, expected);
}

const app = express();

app.post('/webhooks/instagram', express.raw({ type: () => true, limit: '3mb' }), async (request, response) => {
  if (!isSigned(request)) {
    response.sendStatus(401);
    return;
  }
  for (const { id: account, changes = [], messaging = [] } of JSON.parse(request.body).entry ?? []) {
    for (const { field, value } of changes) {
      if (field !== 'comments') continue;
      await queues.comments.add('comment', { account, comment: value }, jobOptions(`comment-${value.id}`));
    }
    for (const item of messaging) {
      await queues.messages.add('message', { account, item }, jobOptions(`message-${item.message.mid}`));
    }
  }
  response.send('EVENT_RECEIVED');
});

app.get('/ready', (_request, response) => response.send('ready'));

app.listen(Number(PORT), '127.0.0.1');
