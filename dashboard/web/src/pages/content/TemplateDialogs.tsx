import { Group, Select, TagsInput, Text, Textarea, TextInput } from '@mantine/core';
import { useMemo, useState } from 'react';
import { answer, answerWithTag, api } from '@/api/client';
import { ApiError, asApiError, fieldErrors } from '@/api/problem';
import { keys, useApi } from '@/api/queries';
import type { PostTemplate, PostTemplateDocument, PostType } from '@/api/types';
import { StaleProblem, TheirChanges } from '@/edit/TheirChanges';
import { saveVersion, useVersioned } from '@/edit/useVersioned';
import { useTenant } from '@/shell/where';
import { useAct } from '@/ui/act';
import { FormDialog } from '@/ui/FormDialog';
import { number, words } from '@/ui/format';
import { FormProblem, Notice } from '@/ui/states';
import type { Beginning } from './postForm';
import { limits } from './caption';
import { typeNames } from './data';
import { emptyTemplate, givenOf, placeholdersOf, versionOf } from './templates';

const fieldNames = {
  name: 'Name',
  post_type: 'Kind of post',
  caption: 'Caption',
  hashtags: 'Hashtags',
  first_comment: 'First comment',
};

const newTemplate = { data: emptyTemplate, tag: null };

/** How a template is read and saved: a change only goes onto what was read. */
function useTemplate(template: PostTemplate | undefined) {
  const tenant = useTenant();
  const path = { tenant: tenant.id };
  const params = { path: { ...path, template: template?.id ?? '' } };
  const find = () => answerWithTag(api.GET('/api/v1/tenants/{tenant}/post-templates/{template}', { params }));
  const read = useApi(keys.tenant(tenant.id, 'post-templates', 'one', template?.id), find, {
    enabled: template !== undefined,
    initialData: template && { data: template, tag: null },
    initialDataUpdatedAt: 0,
  });
  const version = useMemo(() => versionOf(read.data) ?? newTemplate, [read.data]);
  const edit = useVersioned<PostTemplateDocument>(version);
  const body = edit.form;
  const create = () =>
    answer(api.POST('/api/v1/tenants/{tenant}/post-templates', { params: { path }, body }));
  const put = async (tag: string | null) => {
    // The list tells no version: read it first.
    if (tag === null) throw new ApiError(412, 'It was not read yet', 'Try again.');
    const header = { 'If-Match': tag };
    return answer(
      api.PUT('/api/v1/tenants/{tenant}/post-templates/{template}', { params: { ...params, header }, body }),
    );
  };
  const readAgain = async () => versionOf((await read.refetch()).data);
  const save = (isGone: boolean) =>
    template === undefined || isGone ? create() : saveVersion(edit, put, readAgain);
  return { edit, save };
}

/** Makes a template, or changes one. */
export function TemplateForm({ template, onClose }: { template?: PostTemplate; onClose: () => void }) {
  const tenant = useTenant();
  const { edit, save: send } = useTemplate(template);
  const { form, change, isChanged } = edit;
  const save = useAct({
    once: true,
    act: (isGone: boolean) => send(isGone),
    changes: [keys.tenant(tenant.id, 'post-templates')],
    done: (saved) => `${saved.name} is saved.`,
    onDone: onClose,
    isQuiet: true,
  });
  const errors = fieldErrors(save.error);
  const problem = save.error === null ? null : asApiError(save.error);
  const isGone = problem?.isMissing === true;
  const names = placeholdersOf(form);
  const length = [...(form.caption ?? '')].length;
  return (
    <FormDialog
      title={template === undefined ? 'New template' : 'Change the template'}
      size="lg"
      isChanged={isChanged}
      isSaving={save.isPending}
      isReady={form.name.trim() !== ''}
      submit="Save"
      onSubmit={() => save.start(isGone)}
      onClose={onClose}
    >
      <TheirChanges
        what="this template"
        differences={edit.differences}
        names={fieldNames}
        tell={(path, value) => (path === 'post_type' ? typeNames[value as PostType] : undefined)}
        onTake={edit.takeTheirs}
        onKeep={edit.keepAll}
      />
      {problem?.status === 412 ? (
        <StaleProblem />
      ) : isGone ? (
        <Notice tone="warn" title="Somebody removed this template in the meantime">
          What you typed is still here. Save again to make a new template of it.
        </Notice>
      ) : (
        <FormProblem error={problem} shown={Object.keys(fieldNames)} />
      )}
      <Group grow align="flex-start" preventGrowOverflow={false}>
        <TextInput
          label="Name"
          required
          maxLength={200}
          miw={200}
          data-autofocus
          value={form.name}
          onChange={(event) => change({ name: event.currentTarget.value })}
          error={errors.name}
        />
        <Select
          label="Kind of post"
          allowDeselect={false}
          data={Object.entries(typeNames).map(([value, label]) => ({ value, label }))}
          value={form.post_type}
          onChange={(value) => change({ post_type: value as PostType })}
        />
      </Group>
      <Textarea
        label="Caption"
        placeholder="A tip for your week: {tip}"
        description={`${number(length)} of ${number(limits.characters)} characters`}
        inputWrapperOrder={['label', 'input', 'description', 'error']}
        autosize
        minRows={4}
        maxRows={12}
        value={form.caption ?? ''}
        onChange={(event) => change({ caption: event.currentTarget.value })}
        error={errors.caption}
      />
      <TagsInput
        label="Hashtags"
        description="Added below the caption, without #."
        maxTags={limits.hashtags}
        splitChars={[',', ' ']}
        value={form.hashtags ?? []}
        onChange={(hashtags) => change({ hashtags: hashtags.map((it) => it.replace(/^#+/, '')) })}
        error={errors.hashtags}
      />
      <Textarea
        label="First comment"
        description="Optional"
        autosize
        minRows={1}
        value={form.first_comment ?? ''}
        onChange={(event) => change({ first_comment: event.currentTarget.value || null })}
        error={errors.first_comment}
      />
      <Text size="xs" c="dimmed" aria-live="polite">
        {names.length === 0
          ? 'Names in {braces} are filled in each time; letters, digits and _ make a name.'
          : `To fill in each time: ${names.join(', ')}`}
      </Text>
    </FormDialog>
  );
}

/** Asks for what is to be filled in; the post is then written on in the composer. */
export function FillTemplate(props: {
  template: PostTemplate;
  onClose: () => void;
  onFilled: (filled: Beginning) => void;
}) {
  const tenant = useTenant();
  const { template } = props;
  const names = placeholdersOf(template);
  const [values, setValues] = useState<Record<string, string>>({});
  const fill = useAct({
    once: true,
    act: () =>
      answer(
        api.POST('/api/v1/tenants/{tenant}/post-templates/{template}/fill', {
          params: { path: { tenant: tenant.id, template: template.id } },
          body: { values: givenOf(values) },
        }),
      ),
    changes: [],
    onDone: (filled) =>
      props.onFilled({
        type: filled.post_type,
        caption: filled.caption,
        firstComment: filled.first_comment ?? '',
      }),
    isQuiet: true,
  });
  const open = names.filter((it) => !(it in givenOf(values)));
  return (
    <FormDialog
      title={template.name}
      isChanged={Object.keys(givenOf(values)).length > 0}
      isSaving={fill.isPending}
      submit="Write the post"
      onSubmit={() => fill.start()}
      onClose={props.onClose}
    >
      <FormProblem error={fill.error} />
      <Text size="sm" c="dimmed" className="break" style={{ whiteSpace: 'pre-line' }}>
        {template.caption}
      </Text>
      {names.map((name, index) => (
        <Textarea
          key={name}
          label={words(name)}
          autosize
          minRows={1}
          data-autofocus={index === 0 || undefined}
          value={values[name] ?? ''}
          onChange={(event) => {
            const value = event.currentTarget.value;
            setValues((before) => ({ ...before, [name]: value }));
          }}
        />
      ))}
      <Text size="xs" c="dimmed" aria-live="polite">
        {open.length === 0
          ? 'You can still change every word before it is saved.'
          : `Stays in braces until you write it in: ${open.join(', ')}`}
      </Text>
    </FormDialog>
  );
}
