// Fails when the first page of the dashboard needs more compressed script than people should wait for.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const limit = 300 * 1024;
const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('manifest.json', dist), 'utf8'));

/** A file of the build with everything it imports at once. */
function needed(key, found = new Set()) {
  const chunk = manifest[key];
  if (chunk === undefined || found.has(chunk.file)) return found;
  found.add(chunk.file);
  for (const next of chunk.imports ?? []) needed(next, found);
  return found;
}

const size = (files) =>
  [...files]
    .filter((file) => file.endsWith('.js'))
    .reduce((all, file) => all + gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length, 0);

const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;
const pages = {
  'sign-in': ['index.html'],
  'agency overview': ['index.html', 'src/shell/AgencyLayout.tsx', 'src/pages/overview/AgencyOverview.tsx'],
  'tenant overview': ['index.html', 'src/shell/TenantLayout.tsx', 'src/pages/overview/TenantOverview.tsx'],
};

let isTooLarge = false;
for (const [name, entries] of Object.entries(pages)) {
  const files = new Set();
  for (const entry of entries) {
    if (manifest[entry] === undefined) throw new Error(`${entry} is not in the build`);
    needed(entry, files);
  }
  const bytes = size(files);
  isTooLarge ||= bytes > limit;
  console.log(`${name}: ${kib(bytes)} of ${kib(limit)} compressed script, ${files.size} files`);
}
if (isTooLarge) {
  console.error('The first page is too large: load what it does not need at once with `lazy` or `import()`.');
  process.exit(1);
}
