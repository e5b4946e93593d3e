/** Wall-clock time of a place, as pickers and people use it: `YYYY-MM-DD HH:mm:ss`. */
export type Wall = string;

const partsOf = (at: Date, timeZone: string) => {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).formatToParts(at);
  const part = (type: string) => parts.find((it) => it.type === type)?.value ?? '00';
  return `${part('year')}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')}:${part('second')}`;
};

export const toWall = (instant: string | Date, timeZone: string): Wall =>
  partsOf(new Date(instant), timeZone);

export const dayOf = (instant: string | Date, timeZone: string) => toWall(instant, timeZone).slice(0, 10);

const asUtc = (wall: Wall) => Date.parse(`${wall.replace(' ', 'T')}Z`);

/**
 * The instant at which the clocks there show this time. A time that does not exist, when clocks go forward, becomes
 * the one as much later; of a time that comes twice, the first is meant.
 */
export function toInstant(wall: Wall, timeZone: string): string {
  const wanted = asUtc(wall.length === 16 ? `${wall}:00` : wall);
  const offsetAt = (at: number) => asUtc(partsOf(new Date(at), timeZone)) - Math.floor(at / 1000) * 1000;
  const day = 86_400_000;
  const candidates = [wanted - offsetAt(wanted - day), wanted - offsetAt(wanted + day)];
  const exact = candidates.filter((at) => at + offsetAt(at) === wanted).sort((a, b) => a - b);
  const instant = exact[0] ?? candidates[0] ?? wanted;
  return new Date(instant).toISOString();
}
