import { Button, CopyButton, Group, Stack, Text, TextInput, Textarea } from '@mantine/core';
import { useState } from 'react';
import { answer, api } from '@/api/client';
import type { Post } from '@/api/types';
import { useTenant } from '@/shell/where';
import { useAct } from '@/ui/act';
import { confirm } from '@/ui/confirm';
import { dateTime } from '@/ui/format';
import { Section } from '@/ui/pieces';
import { MomentPicker } from '@/ui/MomentPicker';
import { toInstant, toWall } from '@/ui/zoned';
import { usePostActs } from './usePostActs';

/** What can be done with a post in its present state. */
export function PostActs({ post }: { post: Post }) {
  const tenant = useTenant();
  const acts = usePostActs(post.id);
  const mayOperate = tenant.may('operate');
  const isPending = post.state === 'pending';
  const mayJudge = isPending && tenant.role !== 'viewer';
  const canMove = ['draft', 'pending', 'approved', 'needs_person', 'failed'].includes(post.state);
  if (!mayOperate && !mayJudge) return null;
  if (['published', 'cancelled'].includes(post.state)) return null;
  return (
    <Section title="What next">
      <Stack>
        {mayJudge && <Judge acts={acts} />}
        {mayOperate && isPending && post.approval !== 'off' && <ClientLink post={post.id} />}
        {mayOperate && canMove && <Reschedule post={post} acts={acts} />}
        {mayOperate && post.state === 'publishing' && <Settle acts={acts} />}
        {mayOperate && (
          <Group gap="xs">
            {['draft', 'approved', 'needs_person'].includes(post.state) && (
              <Button
                variant="default"
                loading={acts.publish.isPending}
                onClick={() =>
                  confirm({
                    title: 'Publish it now?',
                    text: 'It becomes visible on Instagram within moments. That cannot be taken back here.',
                    yes: 'Publish',
                    act: () => acts.publish.start(),
                  })
                }
              >
                Publish now
              </Button>
            )}
            {post.state === 'failed' && (
              <Button loading={acts.retry.isPending} onClick={() => acts.retry.start()}>
                Try again
              </Button>
            )}
            {post.state !== 'failed' && (
              <Button
                variant="default"
                loading={acts.cancel.isPending}
                onClick={() =>
                  confirm({
                    title: 'Cancel this post?',
                    text: 'It is not published.',
                    yes: 'Cancel the post',
                    isDangerous: true,
                    act: () => acts.cancel.start(),
                  })
                }
              >
                Cancel the post
              </Button>
            )}
          </Group>
        )}
      </Stack>
    </Section>
  );
}

type Acts = ReturnType<typeof usePostActs>;

function Judge({ acts }: { acts: Acts }) {
  const [comment, setComment] = useState('');
  const said = comment.trim() || undefined;
  return (
    <Stack gap="xs">
      <Textarea
        label="Remark"
        description="Optional"
        autosize
        value={comment}
        onChange={(event) => setComment(event.currentTarget.value)}
      />
      <Group gap="xs">
        <Button loading={acts.approve.isPending} onClick={() => acts.approve.start(said)}>
          Approve
        </Button>
        <Button variant="default" loading={acts.reject.isPending} onClick={() => acts.reject.start(said)}>
          Reject
        </Button>
      </Group>
    </Stack>
  );
}

function Reschedule({ post, acts }: { post: Post; acts: Acts }) {
  const tenant = useTenant();
  const [at, setAt] = useState<string | null>(
    post.scheduled_at ? toWall(post.scheduled_at, tenant.time_zone) : null,
  );
  return (
    <Group align="flex-end" gap="xs" wrap="nowrap">
      <MomentPicker
        label={`When, by the clock of ${tenant.time_zone.replace('_', ' ')}`}
        placeholder="Choose a time"
        flex={1}
        value={at}
        onChange={setAt}
      />
      <Button
        variant="default"
        disabled={at === null}
        loading={acts.schedule.isPending}
        onClick={() => at !== null && acts.schedule.start(toInstant(at, tenant.time_zone))}
      >
        Schedule
      </Button>
    </Group>
  );
}

function ClientLink({ post }: { post: string }) {
  const tenant = useTenant();
  const make = useAct({
    once: true,
    act: () =>
      answer(
        api.POST('/api/v1/tenants/{tenant}/posts/{post}/approval-link', {
          params: { path: { tenant: tenant.id, post } },
          body: {},
        }),
      ),
    changes: [],
  });
  if (make.data === undefined) {
    return (
      <Button variant="default" loading={make.isPending} onClick={() => make.start()}>
        Make a link for the client
      </Button>
    );
  }
  const { url, expires_at } = make.data;
  return (
    <div>
      <Group align="flex-end" wrap="nowrap" gap="xs">
        <TextInput label="Link for the client, who needs no account" readOnly flex={1} value={url} />
        <CopyButton value={url}>
          {({ copied, copy }) => (
            <Button variant="default" onClick={copy}>
              {copied ? 'Copied' : 'Copy'}
            </Button>
          )}
        </CopyButton>
      </Group>
      <Text size="xs" c="dimmed" mt={4}>
        It works until {dateTime(expires_at)}.
      </Text>
    </div>
  );
}

/** When Instagram's answer was lost for good, a person looks and says how it is. */
function Settle({ acts }: { acts: Acts }) {
  const [address, setAddress] = useState('');
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed">
        If this takes very long, look at the account on Instagram and say whether the post is there.
      </Text>
      <Group align="flex-end" gap="xs" wrap="nowrap">
        <TextInput
          label="Address of the post"
          placeholder="https://www.instagram.com/p/…"
          flex={1}
          value={address}
          onChange={(event) => setAddress(event.currentTarget.value)}
        />
        <Button
          variant="default"
          disabled={address.trim() === ''}
          loading={acts.settle.isPending}
          onClick={() => acts.settle.start({ up: true, platform_post: address.trim() })}
        >
          It is there
        </Button>
      </Group>
      <Button
        variant="default"
        loading={acts.settle.isPending}
        onClick={() => acts.settle.start({ up: false })}
      >
        It is not there
      </Button>
    </Stack>
  );
}
