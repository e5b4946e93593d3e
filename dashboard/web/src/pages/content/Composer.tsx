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
import { useMemo, useState } from 'react';
import { answer, api } from '@/api/client';
import { asApiError, fieldErrors } from '@/api/problem';
import { keys, useApi } from '@/api/queries';
import type { Post, PostDocument, PostType } from '@/api/types';
import { StaleProblem, TheirChanges } from '@/edit/TheirChanges';
import { saveVersion, useVersioned } from '@/edit/useVersioned';
import { useTenant } from '@/shell/where';
import { useAct } from '@/ui/act';
import { dateTime, number } from '@/ui/format';
import { FormProblem, Notice } from '@/ui/states';
import { MomentPicker } from '@/ui/MomentPicker';
import { useLeaving } from '@/ui/useLeaving';
import { CaptionIdeas } from './CaptionIdeas';
import { countCaption, limits } from './caption';
import {
  documentOf,
  fieldNames,
  newForm,
  repeats,
  tellField,
  versionOf,
  type Beginning,
  type PostForm,
} from './postForm';
import { stateNames, typeNames } from './data';
import { ChosenMedia } from './ChosenMedia';

/** A post that is changed, and how it is read again when somebody else was quicker. */
interface Editing {
  post: Post;
  readAgain: () => Promise<Post | undefined>;
}

/** Writes a post or changes one. All problems stand there while it is written. */
export function Composer(props: {
  editing?: Editing;
  at?: string;
  beginning?: Beginning;
  onClose: () => void;
}) {
  const tenant = useTenant();
  const { editing } = props;
  const zone = tenant.time_zone;
  const path = { tenant: tenant.id };
  const [empty] = useState(() => ({ data: newForm(props.at, props.beginning), tag: null }));
  const post = editing?.post;
  const read = useMemo(() => (post === undefined ? empty : versionOf(post, zone)), [empty, post, zone]);
  const edit = useVersioned<PostForm>(read);
  const { form, change } = edit;
  const isWritten = edit.isChanged || props.beginning !== undefined;
  const accounts = useApi(keys.tenant(tenant.id, 'accounts'), () =>
    answer(api.GET('/api/v1/tenants/{tenant}/accounts', { params: { path } })),
  );
  const [checkedDocument] = useDebouncedValue(JSON.stringify(documentOf(form, zone)), 500);
  const check = useApi(
    keys.tenant(tenant.id, 'posts', 'check', checkedDocument),
    () =>
      answer(
        api.POST('/api/v1/tenants/{tenant}/posts/validate', {
          params: { path },
          body: JSON.parse(checkedDocument) as PostDocument,
        }),
      ),
    { enabled: isWritten || post !== undefined, staleTime: 30_000 },
  );
  const create = (body: PostDocument) =>
    answer(api.POST('/api/v1/tenants/{tenant}/posts', { params: { path }, body }));
  const put = (body: PostDocument, tag: string | null) =>
    answer(
      api.PUT('/api/v1/tenants/{tenant}/posts/{post}', {
        params: { path: { ...path, post: post?.id ?? '' }, header: tag === null ? {} : { 'If-Match': tag } },
        body,
      }),
    );
  const [begunAs] = useState(post?.state);
  const readAgain = async () => {
    const present = await editing?.readAgain();
    // One that was cancelled in the meantime is not planned again unseen.
    return present?.state === post?.state ? present && versionOf(present, zone) : undefined;
  };
  const save = useAct({
    once: true,
    act: (isDraft: boolean) => {
      const body = documentOf(isDraft ? { ...form, at: null } : form, zone);
      return post === undefined ? create(body) : saveVersion(edit, (tag) => put(body, tag), readAgain);
    },
    changes: [keys.tenant(tenant.id, 'posts'), keys.tenant(tenant.id, 'media')],
    done: (saved) =>
      saved.scheduled_at ? `Planned for ${dateTime(saved.scheduled_at, zone)}.` : 'Saved as a draft.',
    onDone: props.onClose,
    isQuiet: true,
  });
  const leaving = useLeaving<HTMLFormElement>({
    isChanged: isWritten,
    isSaving: save.isPending,
    onClose: props.onClose,
  });
  const accountName = (id: string) => {
    const found = accounts.data?.items.find((it) => it.id === id);
    return found === undefined ? 'another account' : `@${found.username}`;
  };
  const errors = fieldErrors(save.error);
  // A conflict of another kind, such as with a post that is being published, is told in its own words.
  const isStale = save.error !== null && asApiError(save.error).status === 412;
  const problems = check.data?.problems ?? [];
  const duplicates = (check.data?.duplicates ?? []).filter((it) => it !== post?.id);
  const counted = countCaption(form.caption);
  const isStory = form.type === 'story';

  return (
    <Drawer
      opened
      onClose={leaving.close}
      closeOnEscape={false}
      position="right"
      size="lg"
      title={post === undefined ? 'New post' : 'Change the post'}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {leaving.question}
      <form
        ref={leaving.inside}
        onSubmit={(event) => {
          event.preventDefault();
          save.start(form.at === null);
        }}
      >
        <Stack>
          <TheirChanges
            what="this post"
            differences={edit.differences}
            names={fieldNames}
            tell={(field, value) => tellField(field, value, accountName)}
            onTake={edit.takeTheirs}
            onKeep={edit.keepAll}
          />
          {post !== undefined && post.state !== begunAs && (
            <div role="status">
              <Notice
                tone="warn"
                title={`In the meantime it became: ${stateNames[post.state].toLowerCase()}`}
              >
                {['publishing', 'published'].includes(post.state)
                  ? 'It can no longer be changed. What you typed is still here to be copied.'
                  : 'What you typed is still here. Saving it goes on from there.'}
              </Notice>
            </div>
          )}
          {isStale ? (
            <StaleProblem />
          ) : (
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
                description={`${number(counted.characters)} of ${number(limits.characters)} characters, ${counted.hashtags} of ${limits.hashtags} hashtags, ${counted.mentions} of ${limits.mentions} mentions`}
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
                value={form.options.collaborators ?? []}
                onChange={(handles) =>
                  change({
                    options: { ...form.options, collaborators: handles.map((it) => it.replace(/^@/, '')) },
                  })
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
              data={Object.entries(repeats).map(([value, label]) => ({ value, label }))}
              value={form.recurrence?.every ?? null}
              onChange={(every) =>
                change({
                  recurrence: every === null ? null : { ...form.recurrence, every: every as 'daily' },
                })
              }
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
            <Button variant="default" onClick={leaving.close}>
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
