import { Anchor, Box, Button, Group, Text } from '@mantine/core';
import { Link } from 'react-router-dom';
import { answer, api } from '@/api/client';
import { keys } from '@/api/queries';
import type { Alert } from '@/api/types';
import { useAct } from '@/ui/act';
import { sentence, words } from '@/ui/format';
import { Moment, Name, Status } from '@/ui/pieces';

interface AlertLineProps {
  alert: Alert;
  tenantName?: string;
  scope: { agency: string } | { tenant: string };
  mayResolve: boolean;
}

export function AlertLine({ alert, tenantName, scope, mayResolve }: AlertLineProps) {
  const isAgency = 'agency' in scope;
  const resolve = useAct({
    act: () =>
      isAgency
        ? answer(
            api.POST('/api/v1/agencies/{agency}/alerts/{alert}/resolve', {
              params: { path: { agency: scope.agency, alert: alert.id } },
            }),
          )
        : answer(
            api.POST('/api/v1/tenants/{tenant}/alerts/{alert}/resolve', {
              params: { path: { tenant: scope.tenant, alert: alert.id } },
            }),
          ),
    changes: [isAgency ? keys.agency(scope.agency, 'alerts') : keys.tenant(scope.tenant, 'alerts')],
    done: 'Resolved.',
  });
  const conversation = (alert.details as { conversation?: unknown } | null)?.conversation;
  return (
    <Group align="flex-start" gap="sm" py="sm" className="line">
      <Box w={{ base: '100%', xs: 74 }} style={{ flex: 'none' }}>
        <Status of={alert.severity} />
      </Box>
      <Box flex="1 1 200px" miw={0}>
        <Text size="sm" className="break">
          {sentence(alert.message)}
        </Text>
        <Group gap={8} mt={2}>
          {tenantName !== undefined && alert.tenant && (
            <Anchor component={Link} to={`/tenants/${alert.tenant}/alerts`} size="xs" fw={550}>
              <Name>{tenantName}</Name>
            </Anchor>
          )}
          <Text size="xs" c="dimmed">
            {words(alert.alert_type)}, <Moment at={alert.last_seen_at} />
            {alert.occurrences > 1 && `, ${alert.occurrences} times`}
            {alert.resolved_at && (
              <>
                , resolved <Moment at={alert.resolved_at} />
              </>
            )}
          </Text>
          {typeof conversation === 'string' && alert.tenant && (
            <Anchor component={Link} to={`/tenants/${alert.tenant}/inbox/${conversation}`} size="xs">
              Open the conversation
            </Anchor>
          )}
        </Group>
      </Box>
      {mayResolve && !alert.resolved_at && (
        <Button
          size="compact-sm"
          variant="default"
          loading={resolve.isPending}
          onClick={() => resolve.start()}
        >
          Resolve
        </Button>
      )}
    </Group>
  );
}
