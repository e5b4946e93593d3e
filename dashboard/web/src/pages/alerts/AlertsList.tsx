import { Card, SegmentedControl, Stack } from '@mantine/core';
import { IconChecks } from '@tabler/icons-react';
import { useState } from 'react';
import { usePages, keys } from '@/api/queries';
import type { Alert, Page } from '@/api/types';
import { PageHeader } from '@/ui/pieces';
import { Empty, Listed } from '@/ui/states';
import { AlertLine } from './AlertLine';

export function AlertsList(props: {
  scope: { agency: string } | { tenant: string };
  lead: string;
  mayResolve: boolean;
  nameOf?: (tenant: string) => string | undefined;
  read: (resolved: boolean, cursor: string | undefined) => Promise<Page<Alert>>;
}) {
  const [which, setWhich] = useState('open');
  const { scope, read, nameOf } = props;
  const key =
    'agency' in scope
      ? keys.agency(scope.agency, 'alerts', which)
      : keys.tenant(scope.tenant, 'alerts', which);
  const list = usePages(key, (cursor) => read(which === 'resolved', cursor), { refetchInterval: 30_000 });
  return (
    <>
      <PageHeader
        title="Alerts"
        lead={props.lead}
        actions={
          <SegmentedControl
            aria-label="Which alerts"
            data={[
              { value: 'open', label: 'Open' },
              { value: 'resolved', label: 'Resolved' },
            ]}
            value={which}
            onChange={setWhich}
          />
        }
      />
      <Card>
        <Listed
          of={list}
          empty={
            <Empty icon={IconChecks} title={which === 'open' ? 'No open alerts' : 'Nothing was resolved yet'}>
              {which === 'open'
                ? 'Troupe raises one when something needs a look, and says what to do.'
                : undefined}
            </Empty>
          }
        >
          {(items) => (
            <Stack gap={0}>
              {items.map((alert) => (
                <AlertLine
                  key={alert.id}
                  alert={alert}
                  scope={scope}
                  mayResolve={props.mayResolve}
                  tenantName={alert.tenant && nameOf ? nameOf(alert.tenant) : undefined}
                />
              ))}
            </Stack>
          )}
        </Listed>
      </Card>
    </>
  );
}
