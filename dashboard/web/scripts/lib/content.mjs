// Believable content for one tenant, made through the API. Running it again changes nothing.
import * as zlib from 'node:zlib';
import { ask } from './browser.mjs';

// Node has it from version 20.15 on.
const crcOf = zlib.crc32 ?? null;

/** A picture of one motif in two colours, as PNG. */
function picture(from, to, shift) {
  const side = 1080;
  const rows = Buffer.alloc(side * (side * 3 + 1));
  for (let y = 0; y < side; y += 1) {
    for (let x = 0; x < side; x += 1) {
      const inside = Math.hypot(x / side - 0.5 - shift, y / side - 0.56) < 0.24;
      const share = inside ? 0.55 + 0.45 * (1 - y / side) : (y / side) * 0.35;
      const at = y * (side * 3 + 1) + 1 + x * 3;
      for (let c = 0; c < 3; c += 1) {
        rows[at + c] = inside ? to[c] * share : from[c] * (1 - share) + to[c] * share;
      }
    }
  }
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const size = Buffer.alloc(4);
    size.writeUInt32BE(data.length);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(checksum(body));
    return Buffer.concat([size, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
    chunk('IHDR', header),
    chunk('IDAT', zlib.deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function checksum(data) {
  if (crcOf !== null) return crcOf(data);
  let sum = 0xffffffff;
  for (const byte of data) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return (sum ^ 0xffffffff) >>> 0;
}

const pictures = [
  {
    name: 'serum-rose.png',
    alt: 'A bottle of serum on a rose background',
    colors: [
      [243, 222, 216],
      [186, 96, 92],
    ],
    shift: 0,
  },
  {
    name: 'serum-sage.png',
    alt: 'A jar of cream on a sage background',
    colors: [
      [220, 232, 222],
      [70, 118, 98],
    ],
    shift: 0.06,
  },
  {
    name: 'serum-night.png',
    alt: 'The night oil on a blue background',
    colors: [
      [218, 222, 242],
      [66, 82, 160],
    ],
    shift: -0.05,
  },
  {
    name: 'serum-honey.png',
    alt: 'The honey mask on a warm background',
    colors: [
      [250, 234, 200],
      [198, 134, 58],
    ],
    shift: 0.03,
  },
];

const rules = [
  {
    name: 'Price questions',
    trigger: { on: 'comment' },
    conditions: [{ if: 'keywords_any', words: ['price', 'cost', 'how much'] }],
    actions: [
      {
        do: 'reply',
        variations: [
          'Hi {name}, thank you for asking! We have sent you the prices.',
          'Hello {name}! The prices are in your inbox.',
        ],
      },
      {
        do: 'private_reply',
        variations: [
          'Hi {name}! The small one is 28 €, the large one 49 €. Both are in the shop of {brand}.',
        ],
      },
      { do: 'tag', tag: 'price' },
    ],
    priority: 50,
    daily_cap: 100,
    dry_run: true,
  },
  {
    name: 'Broken or missing parcels',
    trigger: { on: 'dm' },
    conditions: [
      { if: 'keywords_any', words: ['broken', 'missing', 'never arrived'] },
      { if: 'sentiment', any: ['negative'] },
    ],
    actions: [{ do: 'assign', to: 'Customer care' }, { do: 'stop' }],
    priority: 80,
  },
  {
    name: 'Follower offers',
    trigger: { on: 'comment' },
    conditions: [{ if: 'regex', pattern: 'followers? (for )?free|link in (my )?bio' }],
    actions: [{ do: 'hide' }, { do: 'stop' }],
    priority: 90,
  },
];

const inDays = (days, hour) => {
  const at = new Date(Date.now() + days * 86_400_000);
  at.setUTCHours(hour, 0, 0, 0);
  return at.toISOString();
};

/** A small picture that no library has yet. */
export const examplePicture = () => picture([230, 235, 240], [40 + (Date.now() % 150), 90, 120], 0.1);

export async function prepareContent(tenant) {
  const path = `/tenants/${tenant}`;
  const library = await ask(`${path}/media`);
  const media = [];
  for (const it of pictures) {
    const known = library.items.find((item) => item.file_name === it.name);
    const query = new URLSearchParams({ name: it.name, alt_text: it.alt, tags: 'studio' });
    media.push(known ?? (await ask(`${path}/media?${query}`, 'POST', picture(...it.colors, it.shift))));
  }
  if ((await ask(`${path}/rules`)).items.length === 0) {
    for (const rule of rules) await ask(`${path}/rules`, 'POST', rule);
  }
  if ((await ask(`${path}/posts`)).items.length === 0) {
    const [rose, sage, night, honey] = media.map((it) => it.id);
    const posts = [
      {
        post_type: 'image',
        media: [rose],
        caption: 'Soft mornings begin with three drops. #skincare #serum',
        scheduled_at: inDays(1, 9),
      },
      {
        post_type: 'carousel',
        media: [sage, night, honey],
        caption: 'Three textures, one routine. Which one is yours?',
        scheduled_at: inDays(2, 17),
        first_comment: 'Tell us below!',
      },
      {
        post_type: 'image',
        media: [honey],
        caption: 'The honey mask is back.',
        scheduled_at: inDays(4, 12),
        recurrence: { every: 'weekly' },
      },
      { post_type: 'story', media: [night], caption: '', scheduled_at: inDays(3, 8) },
      {
        post_type: 'image',
        media: [sage],
        caption: 'Behind the lab door: how we choose what goes into a jar.',
      },
    ];
    for (const post of posts) await ask(`${path}/posts`, 'POST', { ...post, allow_duplicates: true });
    const now = await ask(`${path}/posts`, 'POST', {
      post_type: 'image',
      media: [night],
      caption: 'Night oil, now in a larger bottle.',
    });
    await ask(`${path}/posts/${now.id}/publish`, 'POST');
  }
  await ask(`${path}/reports`, 'POST', { report_type: 'daily' });
  await ask(`${path}/ticks/intel/insights/run`, 'POST').catch(() => null);
  return media;
}
