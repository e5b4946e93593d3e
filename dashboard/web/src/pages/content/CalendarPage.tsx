import { ActionIcon, Box, Button, Card, Group, Stack, Text, UnstyledButton } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconCalendar, IconChevronLeft, IconChevronRight, IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'react-router-dom';
import { answer, api } from '@/api/client';
import { keys, useApi } from '@/api/queries';
import type { Post } from '@/api/types';
import { useTenant } from '@/shell/where';
import { time } from '@/ui/format';
import { PageHeader, Status } from '@/ui/pieces';
import { Answered, Empty, Loading } from '@/ui/states';
import { dayOf, toInstant, toWall } from '@/ui/zoned';
import { byDay, momentOf, shiftMonth, weeksOf } from './calendar';
import classes from './CalendarPage.module.css';
import { CalendarFeedButton } from './CalendarFeedButton';
import { Composer } from './Composer';
import { stateNames, typeNames } from './data';
import { Thumb } from './Thumb';
import { usePostActs } from './usePostActs';

const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const monthName = new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' });
const dayName = new Intl.DateTimeFormat('en-GB', {
  weekday: 'long',
  day: 'numeric',
  month: 'long',
  timeZone: 'UTC',
});

export function Component() {
  const tenant = useTenant();
  const today = dayOf(new Date(), tenant.time_zone);
  const [month, setMonth] = useState(today.slice(0, 7));
  const [composing, setComposing] = useState<{ at?: string } | null>(null);
  const isNarrow = useMediaQuery('(max-width: 48em)');
  const weeks = weeksOf(month);
  const first = weeks[0]?.[0] ?? today;
  const until = new Date(Date.parse(`${weeks.at(-1)?.[6] ?? today}T00:00:00Z`) + 86_400_000)
    .toISOString()
    .slice(0, 10);
  const posts = useApi(keys.tenant(tenant.id, 'posts', 'calendar', month), () =>
    answer(
      api.GET('/api/v1/tenants/{tenant}/calendar', {
        params: {
          path: { tenant: tenant.id },
          query: {
            from: toInstant(`${first} 00:00:00`, tenant.time_zone),
            until: toInstant(`${until} 00:00:00`, tenant.time_zone),
          },
        },
      }),
    ),
  );
  const mayPlan = tenant.may('operate');
  return (
    <>
      <PageHeader
        title="Calendar"
        lead={`Times are those of ${tenant.time_zone.replace('_', ' ')}.`}
        actions={
          <>
            <CalendarFeedButton />
            {mayPlan && (
              <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setComposing({})}>
                New post
              </Button>
            )}
          </>
        }
      />
      <Card padding={0}>
        <Group p="sm" gap="xs">
          <ActionIcon
            variant="default"
            size="lg"
            aria-label="Month before"
            onClick={() => setMonth(shiftMonth(month, -1))}
          >
            <IconChevronLeft size={16} aria-hidden />
          </ActionIcon>
          <ActionIcon
            variant="default"
            size="lg"
            aria-label="Month after"
            onClick={() => setMonth(shiftMonth(month, 1))}
          >
            <IconChevronRight size={16} aria-hidden />
          </ActionIcon>
          <Text fw={620} component="h2" fz="md" m={0} aria-live="polite">
            {monthName.format(new Date(`${month}-01T00:00:00Z`))}
          </Text>
          <Button variant="subtle" size="xs" onClick={() => setMonth(today.slice(0, 7))}>
            Today
          </Button>
        </Group>
        <Answered
          of={posts}
          loading={
            <Box p="sm">
              <Loading rows={5} height={84} />
            </Box>
          }
        >
          {(page) => {
            const days = byDay(page.items, tenant.time_zone);
            return isNarrow ? (
              <Agenda
                days={days}
                month={month}
                onAdd={mayPlan ? (day) => setComposing({ at: `${day} 10:00:00` }) : null}
              />
            ) : (
              <Grid
                weeks={weeks}
                month={month}
                today={today}
                days={days}
                onAdd={mayPlan ? (day) => setComposing({ at: `${day} 10:00:00` }) : null}
              />
            );
          }}
        </Answered>
      </Card>
      {composing !== null && <Composer at={composing.at} onClose={() => setComposing(null)} />}
    </>
  );
}

interface GridProps {
  weeks: string[][];
  month: string;
  today: string;
  days: Map<string, Post[]>;
  onAdd: ((day: string) => void) | null;
}

function Grid({ weeks, month, today, days, onAdd }: GridProps) {
  const [dragged, setDragged] = useState<Post | null>(null);
  const [over, setOver] = useState<string | null>(null);
  const tenant = useTenant();
  const { schedule } = usePostActs(dragged?.id ?? '');
  const drop = (day: string) => {
    setOver(null);
    if (dragged?.scheduled_at) {
      const wall = toWall(dragged.scheduled_at, tenant.time_zone);
      if (wall.slice(0, 10) !== day) schedule.start(toInstant(`${day}${wall.slice(10)}`, tenant.time_zone));
    }
    setDragged(null);
  };
  return (
    <table className={classes.grid}>
      <thead>
        <tr>
          {weekdays.map((it) => (
            <th key={it} scope="col">
              <abbr title={it}>{it.slice(0, 3)}</abbr>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {weeks.map((week) => (
          <tr key={week[0]}>
            {week.map((day) => (
              <td
                key={day}
                data-other={!day.startsWith(month) || undefined}
                data-today={day === today || undefined}
                data-over={over === day || undefined}
                onDragOver={(event) => {
                  if (dragged === null) return;
                  event.preventDefault();
                  setOver(day);
                }}
                onDragLeave={() => setOver(null)}
                onDrop={() => drop(day)}
              >
                <div className={classes.head}>
                  <time dateTime={day} aria-label={dayName.format(new Date(`${day}T00:00:00Z`))}>
                    {Number(day.slice(8))}
                  </time>
                  {onAdd !== null && day >= today && (
                    <UnstyledButton
                      className={classes.add}
                      aria-label={`New post on ${dayName.format(new Date(`${day}T00:00:00Z`))}`}
                      onClick={() => onAdd(day)}
                    >
                      <IconPlus size={13} aria-hidden />
                    </UnstyledButton>
                  )}
                </div>
                {(days.get(day) ?? []).map((post) => (
                  <Chip
                    key={post.id}
                    post={post}
                    onDrag={
                      onAdd !== null && ['draft', 'pending', 'approved', 'needs_person'].includes(post.state)
                        ? setDragged
                        : null
                    }
                  />
                ))}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Chip({ post, onDrag }: { post: Post; onDrag: ((post: Post | null) => void) | null }) {
  const tenant = useTenant();
  const moment = momentOf(post);
  return (
    <Link
      to={tenant.path(`content/posts/${post.id}`)}
      className={classes.chip}
      data-state={post.state}
      draggable={onDrag !== null}
      onDragStart={() => onDrag?.(post)}
      onDragEnd={() => onDrag?.(null)}
      title={`${typeNames[post.post_type]}, ${stateNames[post.state]}: ${post.caption}`}
    >
      <span className="tabular">{moment && time(moment, tenant.time_zone)}</span>{' '}
      <span className="clip">{post.caption || typeNames[post.post_type]}</span>
    </Link>
  );
}

function Agenda({
  days,
  month,
  onAdd,
}: {
  days: Map<string, Post[]>;
  month: string;
  onAdd: ((day: string) => void) | null;
}) {
  const tenant = useTenant();
  const shown = [...days].filter(([day]) => day.startsWith(month)).sort(([a], [b]) => a.localeCompare(b));
  if (shown.length === 0) {
    return (
      <Empty icon={IconCalendar} title="Nothing is planned this month">
        {onAdd !== null && 'Posts with a time appear here.'}
      </Empty>
    );
  }
  return (
    <Stack gap="md" p="sm">
      {shown.map(([day, posts]) => (
        <div key={day}>
          <Text size="sm" fw={600} mb={4} component="h3" m={0}>
            {dayName.format(new Date(`${day}T00:00:00Z`))}
          </Text>
          {posts.map((post) => (
            <Link key={post.id} to={tenant.path(`content/posts/${post.id}`)} className="row-link">
              <Group wrap="nowrap" py={6} gap="sm">
                <Thumb media={post.media[0]} />
                <Box flex={1} miw={0}>
                  <Text size="sm" className="clip">
                    {post.caption || typeNames[post.post_type]}
                  </Text>
                  <Text size="xs" c="dimmed">
                    {time(momentOf(post) ?? '', tenant.time_zone)}
                  </Text>
                </Box>
                <Status of={post.state} label={stateNames[post.state]} />
              </Group>
            </Link>
          ))}
        </div>
      ))}
    </Stack>
  );
}
