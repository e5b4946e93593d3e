// The page that lists the pictures.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const shown = [
  'agency-overview',
  'overview',
  'approvals',
  'decision',
  'ask',
  'rule',
  'calendar',
  'analytics',
];
const title = (name) => name.charAt(0).toUpperCase() + name.slice(1).replaceAll('-', ' ');

/** Writes `README.md` beside the pictures: some of them, and links to all. */
export function writeGallery(folder, names, views) {
  const fileOf = (name, view) => `${name}-${view}.jpg`;
  const link = (name, view) =>
    existsSync(join(folder, fileOf(name, view))) ? `[${view}](${fileOf(name, view)})` : '';
  const rows = names.map((name) => `| ${[title(name), ...views.map((it) => link(name, it))].join(' | ')} |`);
  const pictures = shown.map((name) => `### ${title(name)}\n\n![${title(name)}](${fileOf(name, 'light')})\n`);
  const text = [
    '# Pictures of the dashboard',
    '',
    'Every page on the data of `troupe demo`, made by `npm run screenshots` in `dashboard/web`, which writes this page',
    'too. What is opened by hand on a page is shown in the light theme and at phone width.',
    '',
    `| Page | ${views.map(title).join(' | ')} |`,
    `| --- |${' --- |'.repeat(views.length)}`,
    ...rows,
    '',
    ...pictures,
  ];
  writeFileSync(join(folder, 'README.md'), text.join('\n'));
}
