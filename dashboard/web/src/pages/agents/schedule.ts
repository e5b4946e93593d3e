const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

const two = (value: string) => value.padStart(2, '0');

/** `30` is a number of a field, `*` and lists are not. */
const isOne = (field: string | undefined): field is string => field !== undefined && /^\d+$/.test(field);

/** When a pattern of cron is due, in words; one that is not known here stays as it is. */
export function tellSchedule(cron: string, timeZone: string): string {
  const [minute, hour, day, month, weekday] = cron.trim().split(/\s+/);
  const clock = timeZone === 'UTC' ? ' UTC' : '';
  if (day !== '*' || month !== '*' || minute === undefined || hour === undefined) return cron;
  const every = /^\*\/(\d+)$/;
  if (weekday === '*' && hour === '*') {
    const minutes = every.exec(minute)?.[1];
    if (minute === '*') return 'every minute';
    if (minutes !== undefined) return `every ${minutes} minutes`;
    if (isOne(minute)) return minute === '0' ? 'every hour' : `every hour, ${minute} minutes past`;
  }
  if (!isOne(minute)) return cron;
  const hours = every.exec(hour)?.[1];
  if (weekday === '*' && hours !== undefined) return `every ${hours} hours`;
  if (!isOne(hour)) return cron;
  const at = `at ${two(hour)}:${two(minute)}${clock}`;
  if (weekday === '*') return `every day ${at}`;
  const name = isOne(weekday) ? weekdays[Number(weekday) % 7] : undefined;
  return name === undefined ? cron : `every ${name} ${at}`;
}
