import { Box, Button, Card, Group, Stack, Text } from '@mantine/core';
import { IconPlus, IconTemplate } from '@tabler/icons-react';
import { useState } from 'react';
import { answer, api } from '@/api/client';
import { keys, usePages } from '@/api/queries';
import type { PostTemplate } from '@/api/types';
import { useTenant } from '@/shell/where';
import { useAct } from '@/ui/act';
import { confirm } from '@/ui/confirm';
import { Moment, PageHeader, Tag } from '@/ui/pieces';
import { Empty, Listed } from '@/ui/states';
import { Composer } from './Composer';
import type { Beginning } from './postForm';
import { typeNames } from './data';
import { FillTemplate, TemplateForm } from './TemplateDialogs';
import { placeholdersOf } from './templates';

type Dialog = { kind: 'edit'; template?: PostTemplate } | { kind: 'fill'; template: PostTemplate };

export function Component() {
  const tenant = useTenant();
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const [beginning, setBeginning] = useState<Beginning | null>(null);
  const list = usePages(keys.tenant(tenant.id, 'post-templates'), () =>
    answer(api.GET('/api/v1/tenants/{tenant}/post-templates', { params: { path: { tenant: tenant.id } } })),
  );
  const add = tenant.may('operate') && (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setDialog({ kind: 'edit' })}>
      New template
    </Button>
  );
  return (
    <>
      <PageHeader
        title="Templates"
        lead="What posts begin with. What is in {braces} is filled in each time."
        actions={add}
      />
      <Listed
        of={list}
        empty={
          <Card>
            <Empty icon={IconTemplate} title="No templates yet" action={add}>
              For posts that come again, such as a tip of the week: “A tip for your week: {'{tip}'}”.
            </Empty>
          </Card>
        }
      >
        {(items) => (
          <Stack gap="sm">
            {items.map((it) => (
              <TemplateLine
                key={it.id}
                template={it}
                onEdit={() => setDialog({ kind: 'edit', template: it })}
                onFill={() => setDialog({ kind: 'fill', template: it })}
              />
            ))}
          </Stack>
        )}
      </Listed>
      {dialog?.kind === 'edit' && <TemplateForm template={dialog.template} onClose={() => setDialog(null)} />}
      {dialog?.kind === 'fill' && (
        <FillTemplate
          template={dialog.template}
          onClose={() => setDialog(null)}
          onFilled={(filled) => {
            setDialog(null);
            setBeginning(filled);
          }}
        />
      )}
      {beginning !== null && <Composer beginning={beginning} onClose={() => setBeginning(null)} />}
    </>
  );
}

function TemplateLine(props: { template: PostTemplate; onEdit: () => void; onFill: () => void }) {
  const tenant = useTenant();
  const { template } = props;
  const names = placeholdersOf(template);
  const remove = useAct({
    act: () =>
      answer(
        api.DELETE('/api/v1/tenants/{tenant}/post-templates/{template}', {
          params: { path: { tenant: tenant.id, template: template.id } },
        }),
      ),
    changes: [keys.tenant(tenant.id, 'post-templates')],
    done: `${template.name} is gone.`,
  });
  return (
    <Card>
      <Group align="flex-start">
        <Box flex={1} miw={220}>
          <Group gap="xs" mb={4}>
            <Text size="sm" fw={600} component="h2" m={0}>
              {template.name}
            </Text>
            <Tag>{typeNames[template.post_type]}</Tag>
          </Group>
          <Text size="sm" className="break clip-2" style={{ whiteSpace: 'pre-line' }}>
            {template.caption || 'Without a caption.'}
          </Text>
          {template.hashtags.length > 0 && (
            <Text size="sm" c="dimmed" className="break">
              {template.hashtags.map((it) => `#${it}`).join(' ')}
            </Text>
          )}
          <Text size="xs" c="dimmed" mt={4}>
            {names.length === 0 ? 'Nothing to fill in' : `To fill in: ${names.join(', ')}`}, changed{' '}
            <Moment at={template.updated_at} timeZone={tenant.time_zone} />
          </Text>
        </Box>
        {tenant.may('operate') && (
          <Group gap="xs">
            <Button size="compact-sm" aria-label={`Use ${template.name}`} onClick={props.onFill}>
              Use
            </Button>
            <Button
              size="compact-sm"
              variant="default"
              aria-label={`Edit ${template.name}`}
              onClick={props.onEdit}
            >
              Edit
            </Button>
            <Button
              size="compact-sm"
              variant="default"
              aria-label={`Delete ${template.name}`}
              loading={remove.isPending}
              onClick={() =>
                confirm({
                  title: `Delete “${template.name}”?`,
                  text: 'Posts that began with it stay as they are.',
                  yes: 'Delete',
                  isDangerous: true,
                  act: () => remove.start(),
                })
              }
            >
              Delete
            </Button>
          </Group>
        )}
      </Group>
    </Card>
  );
}
