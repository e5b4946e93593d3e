// What people do with the dashboard, told in order: each story may find what those before it left.
//   TROUPE_URL=… SANDBOX_URL=… SET_UP_CODE=… npm run stories [part of a name]
// on an installation that nobody has set up; `cargo test -p troupe --test browser` starts one and runs this.
import { strict as assert } from 'node:assert';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch, openPage, apiOf } from './lib/browser.mjs';
import { answering } from './stories/answering.mjs';
import { asking } from './stories/asking.mjs';
import { content } from './stories/content.mjs';
import { firstSteps } from './stories/first-steps.mjs';
import { keyboard } from './stories/keyboard.mjs';
import { operations } from './stories/operations.mjs';
import { prompts } from './stories/prompts.mjs';
import { rehearsals } from './stories/rehearsals.mjs';
import { rules } from './stories/rules.mjs';
import { sessions } from './stories/sessions.mjs';
import { templates } from './stories/templates.mjs';
import { twice } from './stories/twice.mjs';
import { webhooks } from './stories/webhooks.mjs';

/** Always told: the others need what they make. */
const groups = [
  answering,
  content.plan,
  templates,
  asking,
  rules,
  operations,
  rehearsals,
  prompts,
  sessions,
  keyboard,
  webhooks,
  twice,
  content.published,
];
const wanted = process.argv[2] ?? '';
const browser = await launch();
/** What the stories know of each other. */
const world = { browser, state: undefined };
let failed = 0;

/** Every page that is open when a story fails. */
async function takePictures(number) {
  const pages = browser.contexts().flatMap((it) => it.pages());
  const paths = pages.map((_, index) => join(tmpdir(), `story-${number}-${index + 1}.png`));
  await Promise.all(
    pages.map((page, index) => page.screenshot({ path: paths[index] }).catch(() => undefined)),
  );
  return paths;
}

async function tell(name, story) {
  const started = Date.now();
  const { page, context } = await openPage({ browser, state: world.state });
  page.setDefaultTimeout(15_000);
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    const refusal = /status of (401|404|409|412|422)/.test(message.text());
    if (message.type() === 'error' && !refusal) errors.push(message.text());
  });
  const seconds = () => `${((Date.now() - started) / 1000).toFixed(1)} s`;
  try {
    await story({ page, context, world, ask: apiOf(context) });
    assert.deepEqual(errors, []);
    console.log(`ok    ${name} (${seconds()})`);
    return true;
  } catch (error) {
    failed += 1;
    const pictures = await takePictures(failed);
    console.log(`FAIL  ${name} (${seconds()})`);
    const words = [
      ...String(error.stack ?? error)
        .split('\n')
        .slice(0, 9),
      ...errors,
      `seen in ${pictures.join(' ')}`,
    ];
    for (const line of words) console.log(`      ${line}`);
    return false;
  } finally {
    for (const open of browser.contexts()) await open.close();
  }
}

for (const [name, story] of Object.entries(firstSteps)) {
  if (await tell(name, story)) continue;
  console.log('      The other stories need what this one makes; they are not told.');
  await browser.close();
  process.exit(1);
}
for (const [name, story] of groups.flatMap((it) => Object.entries(it))) {
  if (name.includes(wanted)) await tell(name, story);
}
await browser.close();
process.exit(failed > 0 ? 1 : 0);
