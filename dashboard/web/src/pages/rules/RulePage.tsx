import { Button, Group } from '@mantine/core';
import { useMemo } from 'react';
import { useNavigate, useParams } from 'react-router-dom';
import { answer, answerWithTag, api } from '@/api/client';
import { keys, useApi } from '@/api/queries';
import type { Rule } from '@/api/types';
import type { Version } from '@/edit/useVersioned';
import { useTenant } from '@/shell/where';
import { useAct } from '@/ui/act';
import { confirm } from '@/ui/confirm';
import { PageHeader } from '@/ui/pieces';
import { Answered } from '@/ui/states';
import { documentOf, emptyRule } from './model';
import { RuleForm } from './RuleForm';

const newRule = { data: emptyRule, tag: null };

export function Component() {
  const tenant = useTenant();
  const { rule: id = 'new' } = useParams();
  if (id === 'new') {
    return (
      <>
        <PageHeader title="New rule" lead="It begins as a dry run: recorded, and nothing is done." />
        <RuleForm id={null} read={newRule} />
      </>
    );
  }
  return <Existing key={id} id={id} tenant={tenant.id} />;
}

const versionOf = (read: Version<Rule> | undefined) => read && { data: documentOf(read.data), tag: read.tag };

function Existing({ id, tenant }: { id: string; tenant: string }) {
  const where = useTenant();
  const navigate = useNavigate();
  const params = { path: { tenant, rule: id } };
  const rule = useApi(
    keys.tenant(tenant, 'rules', 'one', id),
    () => answerWithTag(api.GET('/api/v1/tenants/{tenant}/rules/{rule}', { params })),
    { gcTime: 0 },
  );
  const remove = useAct({
    once: true,
    act: () => answer(api.DELETE('/api/v1/tenants/{tenant}/rules/{rule}', { params })),
    changes: [keys.tenant(tenant, 'rules', 'pages')],
    done: 'The rule is gone.',
    onDone: () => navigate(where.path('rules')),
  });
  const read = useMemo(() => versionOf(rule.data), [rule.data]);
  return (
    <Answered of={rule}>
      {({ data: found }) => (
        <>
          <PageHeader
            title={found.name}
            lead="A rule"
            actions={
              where.may('manage') && (
                <Group>
                  <Button
                    variant="default"
                    loading={remove.isPending}
                    onClick={() =>
                      confirm({
                        title: `Delete “${found.name}”?`,
                        text: 'It no longer applies. What it did stays in the audit log.',
                        yes: 'Delete',
                        isDangerous: true,
                        act: () => remove.start(),
                      })
                    }
                  >
                    Delete
                  </Button>
                </Group>
              )
            }
          />
          {read !== undefined && (
            <RuleForm id={id} read={read} readAgain={async () => versionOf((await rule.refetch()).data)} />
          )}
        </>
      )}
    </Answered>
  );
}
