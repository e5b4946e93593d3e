import { Button, Group, Modal, Select, Stack, TagsInput, Text, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { answer, api } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { keys } from '@/api/queries';
import type { PostTemplate, PostTemplateDocument, PostType } from '@/api/types';
import { useTenant } from '@/shell/where';
import { useAct } from '@/ui/act';
import { words } from '@/ui/format';
import { FormProblem } from '@/ui/states';
import type { Beginning } from './Composer';
import { typeNames } from './data';
import { documentOf, emptyTemplate, givenOf, placeholdersOf } from './templates';

/** Makes a template, or changes one. */
export function TemplateForm({ template, onClose }: { template?: PostTemplate; onClose: () => void }) {
  const tenant = useTenant();
  const [form, setForm] = useState(() => (template === undefined ? emptyTemplate : documentOf(template)));
  const change = (part: Partial<PostTemplateDocument>) => setForm((before) => ({ ...before, ...part }));
  const path = { tenant: tenant.id };
  const save = useAct({
    act: () => {
      const body = { ...form, first_comment: form.first_comment?.trim() ? form.first_comment : null };
      return template === undefined
        ? answer(api.POST('/api/v1/tenants/{tenant}/post-templates', { params: { path }, body }))
        : answer(
            api.PUT('/api/v1/tenants/{tenant}/post-templates/{template}', {
              params: { path: { ...path, template: template.id } },
              body,
            }),
          );
    },
    changes: [keys.tenant(tenant.id, 'post-templates')],
    done: (saved) => `${saved.name} is saved.`,
    onDone: onClose,
    isQuiet: true,
  });
  const errors = fieldErrors(save.error);
  const names = placeholdersOf(form);
  return (
    <Modal
      opened
      onClose={onClose}
      closeOnClickOutside={false}
      size="lg"
      title={template === undefined ? 'New template' : 'Change the template'}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save.start();
        }}
      >
        <Stack>
          <FormProblem error={save.error} shown={['name', 'caption', 'hashtags', 'first_comment']} />
          <Group grow align="flex-start">
            <TextInput
              label="Name"
              required
              maxLength={200}
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
            maxTags={30}
            value={form.hashtags ?? []}
            onChange={(hashtags) => change({ hashtags: hashtags.map((it) => it.replace(/^#/, '')) })}
            error={errors.hashtags}
          />
          <Textarea
            label="First comment"
            description="Optional"
            autosize
            minRows={1}
            value={form.first_comment ?? ''}
            onChange={(event) => change({ first_comment: event.currentTarget.value })}
            error={errors.first_comment}
          />
          <Text size="xs" c="dimmed" aria-live="polite">
            {names.length === 0
              ? 'Names in {braces} are filled in each time; letters, digits and _ make a name.'
              : `To fill in each time: ${names.join(', ')}`}
          </Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={save.isPending} disabled={form.name.trim() === ''}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
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
    <Modal opened onClose={props.onClose} title={template.name}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          fill.start();
        }}
      >
        <Stack>
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
          <Group justify="flex-end">
            <Button variant="default" onClick={props.onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={fill.isPending}>
              Write the post
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
