import { Button, Group } from '@mantine/core';
import { useNavigate, useParams } from 'react-router-dom';
import { answer, api } from '@/api/client';
import { keys, useApi } from '@/api/queries';
import { useTenant } from '@/shell/where';
import { useAct } from '@/ui/act';
import { confirm } from '@/ui/confirm';
import { PageHeader } from '@/ui/pieces';
import { Answered } from '@/ui/states';
import { documentOf, emptyRule } from './model';
import { RuleForm } from './RuleForm';

export function Component() {
  const tenant = useTenant();
  const { rule: id = 'new' } = useParams();
  if (id === 'new') {
    return (
      <>
        <PageHeader title="New rule" lead="It begins as a dry run: recorded, and nothing is done." />
        <RuleForm id={null} start={emptyRule} />
      </>
    );
  }
  return <Existing key={id} id={id} tenant={tenant.id} />;
}

function Existing({ id, tenant }: { id: string; tenant: string }) {
  const where = useTenant();
  const navigate = useNavigate();
  const params = { path: { tenant, rule: id } };
  const rule = useApi(
    keys.tenant(tenant, 'rules', 'one', id),
    () => answer(api.GET('/api/v1/tenants/{tenant}/rules/{rule}', { params })),
    // What is being written must not be replaced under somebody's hands.
    { staleTime: Infinity, gcTime: 0 },
  );
  const remove = useAct({
    act: () => answer(api.DELETE('/api/v1/tenants/{tenant}/rules/{rule}', { params })),
    changes: [keys.tenant(tenant, 'rules', 'pages')],
    done: 'The rule is gone.',
    onDone: () => navigate(where.path('rules')),
  });
  return (
    <Answered of={rule}>
      {(found) => (
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
          <RuleForm id={id} start={documentOf(found)} seenAt={found.updated_at} />
        </>
      )}
    </Answered>
  );
}
