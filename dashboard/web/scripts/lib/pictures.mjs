// Small pictures for examples.
import * as zlib from 'node:zlib';

// Node has it from version 20.15 on.
const crcOf = zlib.crc32 ?? null;

/** A picture of one motif in two colours, as PNG. */
export function picture(from, to, shift) {
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
