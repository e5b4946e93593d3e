import {
  Button,
  Drawer,
  Group,
  Select,
  SegmentedControl,
  Stack,
  TagsInput,
  Text,
  Textarea,
} from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { answer, api } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { keys, useApi } from '@/api/queries';
import type { Post, PostDocument, PostType } from '@/api/types';
import { useTenant } from '@/shell/where';
import { useAct } from '@/ui/act';
import { confirm } from '@/ui/confirm';
import { dateTime } from '@/ui/format';
import { FormProblem, Notice } from '@/ui/states';
import { MomentPicker } from '@/ui/MomentPicker';
import { toInstant, toWall } from '@/ui/zoned';
import { CaptionIdeas } from './CaptionIdeas';
import { countCaption, limits } from './caption';
import { typeNames } from './data';
import { ChosenMedia } from './ChosenMedia';

interface Form {
  type: PostType;
  account: string | null;
  media: string[];
  caption: string;
  firstComment: string;
  at: string | null;
  every: string | null;
  collaborators: string[];
}

/** What a new post begins with, such as a filled template. */
export interface Beginning {
  type: PostType;
  caption: string;
  firstComment: string;
}

function formOf(
  post: Post | undefined,
  at: string | undefined,
  timeZone: string,
  beginning?: Beginning,
): Form {
  return {
    type: post?.post_type ?? beginning?.type ?? 'image',
    account: post?.account ?? null,
    media: post?.media ?? [],
    caption: post?.caption ?? beginning?.caption ?? '',
    firstComment: post?.first_comment ?? beginning?.firstComment ?? '',
    at: post?.scheduled_at ? toWall(post.scheduled_at, timeZone) : (at ?? null),
    every: post?.recurrence?.every ?? null,
    collaborators: post?.options.collaborators ?? [],
  };
}

function documentOf(
  form: Form,
  post: Post | undefined,
  timeZone: string,
  allowDuplicates: boolean,
): PostDocument {
  return {
    post_type: form.type,
    account: form.account,
    media: form.media,
    caption: form.caption,
    first_comment: form.firstComment.trim() === '' ? null : form.firstComment,
    scheduled_at: form.at === null ? null : toInstant(form.at, timeZone),
    recurrence: form.every === null ? null : { ...post?.recurrence, every: form.every as 'daily' },
    options: { ...post?.options, collaborators: form.collaborators },
    allow_duplicates: allowDuplicates,
  };
}

/** Writes a post or changes one. All problems stand there while it is written. */
export function Composer(props: { post?: Post; at?: string; beginning?: Beginning; onClose: () => void }) {
  const tenant = useTenant();
  const { post } = props;
  const [form, setForm] = useState(() => formOf(post, props.at, tenant.time_zone, props.beginning));
  const [isTouched, setTouched] = useState(props.beginning !== undefined);
  const path = { tenant: tenant.id };
  const change = (part: Partial<Form>) => {
    setTouched(true);
    setForm((before) => ({ ...before, ...part }));
  };
  const accounts = useApi(keys.tenant(tenant.id, 'accounts'), () =>
    answer(api.GET('/api/v1/tenants/{tenant}/accounts', { params: { path } })),
  );
  const asked = documentOf(form, post, tenant.time_zone, true);
  const [checkedDocument] = useDebouncedValue(JSON.stringify(asked), 500);
  const check = useApi(
    keys.tenant(tenant.id, 'posts', 'check', checkedDocument),
    () =>
      answer(
        api.POST('/api/v1/tenants/{tenant}/posts/validate', {
          params: { path },
          body: JSON.parse(checkedDocument) as PostDocument,
        }),
      ),
    { enabled: isTouched || post !== undefined, staleTime: 30_000 },
  );
  const save = useAct({
    act: (isDraft: boolean) => {
      const body = documentOf(
        isDraft ? { ...form, at: null, every: null } : form,
        post,
        tenant.time_zone,
        true,
      );
      return post === undefined
        ? answer(api.POST('/api/v1/tenants/{tenant}/posts', { params: { path }, body }))
        : answer(
            api.PUT('/api/v1/tenants/{tenant}/posts/{post}', {
              params: { path: { ...path, post: post.id } },
              headers: { 'If-Match': `"${post.version}"` },
              body,
            }),
          );
    },
    changes: [keys.tenant(tenant.id, 'posts'), keys.tenant(tenant.id, 'media')],
    done: (saved) =>
      saved.scheduled_at
        ? `Planned for ${dateTime(saved.scheduled_at, tenant.time_zone)}.`
        : 'Saved as a draft.',
    onDone: props.onClose,
    isQuiet: true,
  });
  const errors = fieldErrors(save.error);
  const problems = check.data?.problems ?? [];
  const duplicates = check.data?.duplicates ?? [];
  const counted = countCaption(form.caption);
  const isStory = form.type === 'story';

  const close = () => {
    if (!isTouched) return props.onClose();
    confirm({
      title: 'Leave without saving?',
      text: 'What you wrote is lost.',
      yes: 'Leave',
      isDangerous: true,
      act: props.onClose,
    });
  };

  return (
    <Drawer
      opened
      onClose={close}
      position="right"
      size="lg"
      title={post === undefined ? 'New post' : 'Change the post'}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save.start(form.at === null);
        }}
      >
        <Stack>
          {save.error !== null && (
            <FormProblem error={save.error} shown={['caption', 'media', 'scheduled_at', 'first_comment']} />
          )}
          <SegmentedControl
            aria-label="Kind of post"
            data={Object.entries(typeNames).map(([value, label]) => ({ value, label }))}
            value={form.type}
            onChange={(value) =>
              change({
                type: value as PostType,
                media: value === 'carousel' ? form.media : form.media.slice(0, 1),
              })
            }
          />
          {(accounts.data?.items.length ?? 0) > 1 && (
            <Select
              label="Account"
              placeholder="Choose"
              data={accounts.data?.items.map((it) => ({ value: it.id, label: `@${it.username}` }))}
              value={form.account}
              onChange={(account) => change({ account })}
              error={errors.account}
            />
          )}
          <ChosenMedia
            media={form.media}
            most={form.type === 'carousel' ? 10 : 1}
            onChange={(media) => change({ media })}
            error={errors.media}
          />
          {!isStory && (
            <>
              <Textarea
                label="Caption"
                autosize
                minRows={4}
                maxRows={14}
                value={form.caption}
                onChange={(event) => change({ caption: event.currentTarget.value })}
                error={errors.caption}
                description={`${counted.characters} of ${limits.characters} characters, ${counted.hashtags} of ${limits.hashtags} hashtags, ${counted.mentions} of ${limits.mentions} mentions`}
                inputWrapperOrder={['label', 'input', 'description', 'error']}
              />
              <CaptionIdeas onUse={(caption) => change({ caption })} caption={form.caption} />
              <Textarea
                label="First comment"
                description="Written below the post once it is visible."
                autosize
                minRows={1}
                value={form.firstComment}
                onChange={(event) => change({ firstComment: event.currentTarget.value })}
                error={errors.first_comment}
              />
              <TagsInput
                label="Collaborators"
                description="Handles of up to three, without @."
                maxTags={3}
                value={form.collaborators}
                onChange={(collaborators) =>
                  change({ collaborators: collaborators.map((it) => it.replace(/^@/, '')) })
                }
                error={errors['options.collaborators']}
              />
            </>
          )}
          <Group grow align="flex-start">
            <MomentPicker
              label="When"
              description={`By the clock of ${tenant.time_zone.replace('_', ' ')}`}
              placeholder="Not yet: keep as a draft"
              clearable
              value={form.at}
              onChange={(at) => change({ at })}
              error={errors.scheduled_at}
            />
            <Select
              label="Repeat"
              description="The next is made when one is published"
              placeholder="Once"
              clearable
              disabled={form.at === null}
              data={[
                { value: 'daily', label: 'Every day' },
                { value: 'weekly', label: 'Every week' },
                { value: 'monthly', label: 'Every month' },
              ]}
              value={form.every}
              onChange={(every) => change({ every })}
            />
          </Group>
          <div aria-live="polite">
            {problems.length > 0 && (
              <Notice tone="warn" title="It cannot be published like this">
                <ul style={{ margin: 0, paddingInlineStart: 18 }}>
                  {problems.map((it, index) => (
                    <li key={index}>{it.problem}</li>
                  ))}
                </ul>
              </Notice>
            )}
            {problems.length === 0 && duplicates.length > 0 && (
              <Notice tone="warn" title="This looks like a post there already is">
                The same files with nearly the same caption were planned or published before. Saving plans it
                all the same.
              </Notice>
            )}
            {check.data?.ok === true && duplicates.length === 0 && (
              <Text size="sm" c="var(--tone-good-fg)">
                It can be published like this.
              </Text>
            )}
          </div>
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            {form.at !== null && post === undefined && (
              <Button
                variant="default"
                loading={save.isPending && save.variables}
                onClick={() => save.start(true)}
              >
                Save as a draft
              </Button>
            )}
            <Button type="submit" loading={save.isPending} disabled={form.at !== null && problems.length > 0}>
              {form.at === null ? 'Save as a draft' : 'Plan it'}
            </Button>
          </Group>
        </Stack>
      </form>
    </Drawer>
  );
}
