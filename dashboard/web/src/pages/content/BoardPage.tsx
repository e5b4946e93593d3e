import { Box, Button, Card, Group, Stack, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'react-router-dom';
import type { Post, PostState } from '@/api/types';
import { useTenant } from '@/shell/where';
import { dateTime } from '@/ui/format';
import { PageHeader, Status } from '@/ui/pieces';
import { Listed, Loading } from '@/ui/states';
import classes from './BoardPage.module.css';
import { Composer } from './Composer';
import { stateNames, typeNames, usePosts } from './data';
import { ImportPosts } from './ImportPosts';
import { Thumb } from './Thumb';

const columns: { title: string; states: PostState[]; empty: string }[] = [
  { title: 'Needs a look', states: ['needs_person', 'failed'], empty: 'Nothing is stuck.' },
  { title: 'Drafts', states: ['draft'], empty: 'No drafts.' },
  { title: 'Waits for a yes', states: ['pending'], empty: 'Nobody is asked.' },
  { title: 'Scheduled', states: ['approved', 'publishing'], empty: 'Nothing is planned.' },
  { title: 'Published', states: ['published'], empty: 'Nothing is published yet.' },
  { title: 'Put aside', states: ['rejected', 'cancelled'], empty: 'Nothing was put aside.' },
];

export function Component() {
  const tenant = useTenant();
  const [isComposing, setComposing] = useState(false);
  const [isImporting, setImporting] = useState(false);
  return (
    <>
      <PageHeader
        title="Board"
        lead="Every post by how far it is."
        actions={
          tenant.may('operate') && (
            <>
              <Button variant="default" onClick={() => setImporting(true)}>
                Import
              </Button>
              <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setComposing(true)}>
                New post
              </Button>
            </>
          )
        }
      />
      {/* A region that scrolls must be reachable with the keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className={classes.board} role="region" aria-label="Posts by state" tabIndex={0}>
        {columns.map((column) => (
          <section key={column.title} className={classes.column} aria-label={column.title}>
            <Text fw={620} size="sm" mb="xs" component="h2" m={0}>
              {column.title}
            </Text>
            <Column states={column.states} empty={column.empty} />
          </section>
        ))}
      </div>
      {isImporting && <ImportPosts onClose={() => setImporting(false)} />}
      {isComposing && <Composer onClose={() => setComposing(false)} />}
    </>
  );
}

function Column({ states, empty }: { states: PostState[]; empty: string }) {
  const tenant = useTenant();
  const first = usePosts(tenant.id, states[0] ?? 'draft');
  const second = usePosts(tenant.id, states[1] ?? states[0] ?? 'draft');
  const isEmpty = [first, second].every((list) => list.data !== undefined && list.items.length === 0);
  if (isEmpty) {
    return (
      <Text size="sm" c="dimmed" py="xs">
        {empty}
      </Text>
    );
  }
  return (
    <Stack gap="xs">
      <Cards list={first} />
      {states.length > 1 && <Cards list={second} />}
    </Stack>
  );
}

function Cards({ list }: { list: ReturnType<typeof usePosts> }) {
  return (
    <Listed of={list} loading={<Loading rows={1} height={90} />} empty={null}>
      {(items) => (
        <>
          {items.map((post) => (
            <PostCard key={post.id} post={post} />
          ))}
        </>
      )}
    </Listed>
  );
}

function PostCard({ post }: { post: Post }) {
  const tenant = useTenant();
  const moment = post.published_at ?? post.scheduled_at;
  return (
    <Card component={Link} to={tenant.path(`content/posts/${post.id}`)} padding="sm" className="row-link">
      <Group wrap="nowrap" align="flex-start" gap="sm">
        <Thumb media={post.media[0]} />
        <Box flex={1} miw={0}>
          <Text size="sm" className="clip-2 break">
            {post.caption || `${typeNames[post.post_type]} without a caption`}
          </Text>
          <Text size="xs" c="dimmed" mt={4}>
            {typeNames[post.post_type]}
            {moment && `, ${dateTime(moment, tenant.time_zone)}`}
          </Text>
          {['failed', 'publishing', 'cancelled', 'rejected'].includes(post.state) && (
            <Box mt={4}>
              <Status of={post.state} label={stateNames[post.state]} />
            </Box>
          )}
          {(post.error ?? post.waits_for) && (
            <Text size="xs" c="var(--tone-warn-fg)" mt={4} className="break clip-2">
              {post.error ?? post.waits_for}
            </Text>
          )}
        </Box>
      </Group>
    </Card>
  );
}
