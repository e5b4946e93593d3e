const money = (digits: number) =>
  new Intl.NumberFormat('en-US', {
    style: 'currency',
    currency: 'USD',
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });

/** Money from integer micro-dollars; small sums keep the digits that matter. */
export function dollars(microUsd: number): string {
  const value = microUsd / 1_000_000;
  const size = Math.abs(value);
  if (size === 0 || size >= 0.1) return money(2).format(value);
  return money(size >= 0.001 ? 4 : 6).format(value);
}

export const number = (value: number) =>
  new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 }).format(value);

export const compact = (value: number) =>
  new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 }).format(value);

export const percent = (share: number, digits = 0) => `${(share * 100).toFixed(digits)} %`;

/** How long something took, from microseconds. */
export function duration(us: number): string {
  if (us < 1000) return `${us} µs`;
  if (us < 1_000_000) return `${(us / 1000).toFixed(us < 10_000 ? 1 : 0)} ms`;
  const seconds = us / 1_000_000;
  return seconds < 60
    ? `${seconds.toFixed(1)} s`
    : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

export function bytes(count: number): string {
  const units = ['B', 'KB', 'MB', 'GB'];
  const step = count === 0 ? 0 : Math.min(Math.floor(Math.log(count) / Math.log(1024)), units.length - 1);
  return `${(count / 1024 ** step).toFixed(step === 0 ? 0 : 1)} ${units[step]}`;
}

const steps: [number, Intl.RelativeTimeFormatUnit][] = [
  [60, 'second'],
  [60, 'minute'],
  [24, 'hour'],
  [7, 'day'],
  [4.35, 'week'],
  [12, 'month'],
  [Infinity, 'year'],
];

/** “5 minutes ago”, “in 2 days”. */
export function relative(at: string | Date, now = Date.now()): string {
  let amount = (new Date(at).getTime() - now) / 1000;
  if (Math.abs(amount) < 45) return amount > 5 ? 'in a moment' : 'just now';
  for (const [size, unit] of steps) {
    if (Math.abs(amount) < size) {
      return new Intl.RelativeTimeFormat('en', { numeric: 'auto' }).format(Math.round(amount), unit);
    }
    amount /= size;
  }
  return '';
}

export const dateTime = (at: string | Date, timeZone?: string) =>
  new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone }).format(
    new Date(at),
  );

export const time = (at: string | Date, timeZone?: string) =>
  new Intl.DateTimeFormat('en-GB', { timeStyle: 'short', timeZone }).format(new Date(at));

export const day = (at: string | Date, timeZone?: string) =>
  new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone }).format(new Date(at));

/** `private_reply` as people write it: “Private reply”. */
export function words(name: string): string {
  const text = name.replace(/[_.:]+/g, ' ').trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What Instagram refused, without saying its code three times. */
export const refusal = (text: string) =>
  text.replace(
    /instagram refused with code ([\d/]+): (?:\(#\d+\) )?(.*?)\.?(?: \(\1\)|$)/i,
    'Instagram refused it: $2 (code $1)',
  );

/** A text of at most so many characters, cut between words and marked where it is cut. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const cut = text.slice(0, most);
  const end = cut.lastIndexOf(' ');
  return `${(end > most / 2 ? cut.slice(0, end) : cut).trimEnd()}…`;
}

/** Moments within a text, as people write them. */
export const withMoments = (text: string) =>
  text.replace(/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})/g, (it) => dateTime(it));

/** A reason or message as a sentence of its own. */
export function sentence(text: string): string {
  const trimmed = withMoments(refusal(text.trim()));
  const first = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}

/** Somebody on Instagram: a handle, or the end of an id where there is no handle. */
export const person = (author: string) =>
  /^\d{6,}$/.test(author) ? `Person ${author.slice(-6)}` : `@${author}`;

/** Days within a text, as people write them. */
export const withDays = (text: string) =>
  text.replace(/\b\d{4}-\d{2}-\d{2}\b/g, (it) => day(`${it}T00:00:00Z`, 'UTC'));

export const plural = (count: number, one: string, many = `${one}s`) =>
  `${number(count)} ${count === 1 ? one : many}`;
