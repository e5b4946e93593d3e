import { Anchor, Box, Button, Card, Group, Stack, Switch, Text } from '@mantine/core';
import { IconPlus, IconRoute } from '@tabler/icons-react';
import { Link } from 'react-router-dom';
import { answer, api } from '@/api/client';
import { keys, usePages } from '@/api/queries';
import type { Rule } from '@/api/types';
import { useTenant } from '@/shell/where';
import { useAct } from '@/ui/act';
import { plural } from '@/ui/format';
import { Name, PageHeader, Tag } from '@/ui/pieces';
import { Empty, Listed } from '@/ui/states';
import { tellRule } from './model';

export function Component() {
  const tenant = useTenant();
  const list = usePages(keys.tenant(tenant.id, 'rules'), () =>
    answer(
      api.GET('/api/v1/tenants/{tenant}/rules', {
        params: { path: { tenant: tenant.id } },
      }),
    ),
  );
  const mayEdit = tenant.may('manage');
  const make = mayEdit && (
    <Button component={Link} to={tenant.path('rules/new')} leftSection={<IconPlus size={16} aria-hidden />}>
      New rule
    </Button>
  );
  return (
    <>
      <PageHeader
        title="Rules"
        lead="What shall happen without asking a model. Higher priority comes first."
        actions={make}
      />
      <Listed
        of={list}
        empty={
          <Card>
            <Empty icon={IconRoute} title="No rules yet" action={make}>
              A rule answers, hides, tags or hands over what fits it, such as comments that ask for the price.
              Begin with a dry run: it is recorded and nothing is done.
            </Empty>
          </Card>
        }
      >
        {(items) => (
          <Stack gap="sm">
            {[...items]
              .sort((a, b) => b.priority - a.priority)
              .map((rule) => (
                <RuleLine key={rule.id} rule={rule} mayEdit={mayEdit} />
              ))}
          </Stack>
        )}
      </Listed>
    </>
  );
}

function RuleLine({ rule, mayEdit }: { rule: Rule; mayEdit: boolean }) {
  const tenant = useTenant();
  const params = { path: { tenant: tenant.id, rule: rule.id } };
  const turn = useAct({
    act: (on: boolean) =>
      on
        ? answer(api.POST('/api/v1/tenants/{tenant}/rules/{rule}/enable', { params }))
        : answer(api.POST('/api/v1/tenants/{tenant}/rules/{rule}/disable', { params })),
    changes: [keys.tenant(tenant.id, 'rules')],
  });
  const isOn = turn.isPending ? turn.variables : rule.enabled;
  return (
    <Card>
      <Group wrap="nowrap" align="flex-start">
        <Box flex={1} miw={0}>
          <Group gap="xs" mb={2}>
            <Anchor component={Link} to={tenant.path(`rules/${rule.id}`)} fw={600} size="sm">
              <Name>{rule.name}</Name>
            </Anchor>
            {rule.dry_run && <Tag tone="info">Dry run</Tag>}
            {!rule.enabled && <Tag>Off</Tag>}
          </Group>
          <Text size="sm" className="break">
            {tellRule(rule)}
          </Text>
          <Text size="xs" c="dimmed" mt={4}>
            Priority {rule.priority}
            {rule.daily_cap ? `, at most ${plural(rule.daily_cap, 'time')} a day` : ''}
          </Text>
        </Box>
        {mayEdit && (
          <Switch
            checked={isOn}
            aria-label={`${rule.name} is on`}
            onChange={(event) => turn.start(event.currentTarget.checked)}
          />
        )}
      </Group>
    </Card>
  );
}
