import { Anchor, Button, Grid, Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { IconPencil } from '@tabler/icons-react';
import { useState } from 'react';
import { useParams } from 'react-router-dom';
import type { Post } from '@/api/types';
import { actor } from '@/live/describe';
import { usePeople } from '@/session/usePeople';
import { useTenant } from '@/shell/where';
import { dateTime, words } from '@/ui/format';
import { Fact, Moment, PageHeader, Quote, Section, Status } from '@/ui/pieces';
import { Answered, Notice } from '@/ui/states';
import { Composer } from './Composer';
import { isOpen, stateNames, typeNames, usePost } from './data';
import { JobLog } from './JobLog';
import { PostActs } from './PostActs';
import { Thumb } from './Thumb';

export function Component() {
  const tenant = useTenant();
  const { post = '' } = useParams();
  const read = usePost(tenant.id, post);
  const readAgain = async () => (await read.refetch()).data;
  return (
    <Answered of={read}>{(found) => <Found key={found.id} post={found} readAgain={readAgain} />}</Answered>
  );
}

function Found({ post, readAgain }: { post: Post; readAgain: () => Promise<Post | undefined> }) {
  const tenant = useTenant();
  const nameOf = usePeople(tenant.agency);
  const [isEditing, setEditing] = useState(false);
  return (
    <>
      <PageHeader
        title={typeNames[post.post_type]}
        lead={
          post.scheduled_at
            ? `${stateNames[post.state]}, ${dateTime(post.scheduled_at, tenant.time_zone)} (${tenant.time_zone})`
            : stateNames[post.state]
        }
        actions={
          tenant.may('operate') &&
          isOpen(post) && (
            <Button
              variant="default"
              leftSection={<IconPencil size={15} aria-hidden />}
              onClick={() => setEditing(true)}
            >
              Change
            </Button>
          )
        }
      />
      <Grid gutter="md">
        <Grid.Col span={{ base: 12, md: 7 }}>
          <Stack>
            {post.error && (
              <Notice tone="bad" title="It could not be published">
                {post.error}
              </Notice>
            )}
            {post.waits_for && (
              <Notice tone="info" title="It waits">
                {post.waits_for}
              </Notice>
            )}
            <Section title="Content">
              <Group gap="sm" mb="md">
                {post.media.map((id) => (
                  <Thumb key={id} media={id} size={112} />
                ))}
              </Group>
              <Quote>{post.caption || 'No caption'}</Quote>
              {post.first_comment && (
                <>
                  <Text size="xs" c="dimmed" mt="md">
                    First comment
                  </Text>
                  <Quote>{post.first_comment}</Quote>
                </>
              )}
            </Section>
            <JobLog post={post.id} hasBegun={post.retry_count > 0 || !!post.published_at} />
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Stack>
            <PostActs post={post} />
            <Section title="Facts">
              <SimpleGrid cols={2}>
                <Fact label="State">
                  <Status of={post.state} label={stateNames[post.state]} />
                </Fact>
                <Fact label="Needs a yes from">{approvals[post.approval]}</Fact>
                <Fact label="Made">
                  <Moment at={post.created_at} />
                </Fact>
                <Fact label="Tries">{post.retry_count}</Fact>
                {post.recurrence && <Fact label="Repeats">{words(post.recurrence.every)}</Fact>}
                {post.permalink && (
                  <Fact label="On Instagram">
                    <Anchor href={post.permalink} target="_blank" rel="noreferrer" size="sm">
                      Open
                    </Anchor>
                  </Fact>
                )}
              </SimpleGrid>
            </Section>
            {post.opinions.length > 0 && (
              <Section title="What people said">
                <Stack gap="xs">
                  {post.opinions.map((it, index) => (
                    <div key={index}>
                      <Group gap="xs">
                        <Status of={it.approved ? 'approved' : 'rejected'} />
                        <Text size="sm">
                          {it.approver === 'client' ? 'The client' : actor({ actor: it.by }, nameOf)},{' '}
                          <Moment at={it.at} />
                        </Text>
                      </Group>
                      {it.comment && <Quote>“{it.comment}”</Quote>}
                    </div>
                  ))}
                </Stack>
              </Section>
            )}
          </Stack>
        </Grid.Col>
      </Grid>
      {isEditing && <Composer editing={{ post, readAgain }} onClose={() => setEditing(false)} />}
    </>
  );
}

const approvals: Record<Post['approval'], string> = {
  off: 'Nobody',
  one: 'The agency or the client',
  all: 'The agency and the client',
};
