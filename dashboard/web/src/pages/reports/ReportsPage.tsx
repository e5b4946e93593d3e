import { Button, Grid, Group, Select, Stack, Tabs, Text, UnstyledButton } from '@mantine/core';
import { IconReportAnalytics } from '@tabler/icons-react';
import { useState } from 'react';
import { useSearchParams } from 'react-router-dom';
import { answer, api } from '@/api/client';
import { keys, usePages } from '@/api/queries';
import type { AnalyticsReport } from '@/api/types';
import { useTenant } from '@/shell/where';
import { useAct } from '@/ui/act';
import { day, words } from '@/ui/format';
import { Moment, PageHeader, Section, Tag } from '@/ui/pieces';
import { Empty, Listed } from '@/ui/states';
import { Briefings } from './Briefings';
import { ReportView } from './ReportView';

type Kind = AnalyticsReport['report_type'];

export function Component() {
  const tenant = useTenant();
  const [params, setParams] = useSearchParams();
  const [kind, setKind] = useState<string | null>(null);
  const [wanted, setWanted] = useState<Kind>('daily');
  const list = usePages(keys.tenant(tenant.id, 'reports', kind), (cursor) =>
    answer(
      api.GET('/api/v1/tenants/{tenant}/reports', {
        params: {
          path: { tenant: tenant.id },
          query: { report_type: (kind ?? undefined) as Kind | undefined, cursor, limit: 20 },
        },
      }),
    ),
  );
  const make = useAct({
    act: () =>
      answer(
        api.POST('/api/v1/tenants/{tenant}/reports', {
          params: { path: { tenant: tenant.id } },
          body: { report_type: wanted },
        }),
      ),
    changes: [keys.tenant(tenant.id, 'reports')],
    done: 'The report is made.',
    onDone: (report) => setParams({ report: report.id }),
  });
  const chosen = list.items.find((it) => it.id === params.get('report')) ?? list.items[0];
  const reports = (
    <Grid gutter="md">
      <Grid.Col span={{ base: 12, md: 4, lg: 3 }}>
        <Section
          title="All reports"
          actions={
            <Select
              aria-label="Show"
              size="xs"
              w={120}
              placeholder="All kinds"
              clearable
              data={kinds}
              value={kind}
              onChange={setKind}
            />
          }
        >
          <Listed
            of={list}
            empty={
              <Empty icon={IconReportAnalytics} title="No reports yet">
                The first is made tonight.
              </Empty>
            }
          >
            {(items) => (
              <Stack gap={2}>
                {items.map((it) => (
                  <UnstyledButton
                    key={it.id}
                    p="xs"
                    aria-current={it.id === chosen?.id ? 'true' : undefined}
                    onClick={() => setParams({ report: it.id })}
                    style={{
                      borderRadius: 8,
                      background: it.id === chosen?.id ? 'var(--tone-info-bg)' : undefined,
                    }}
                  >
                    <Group justify="space-between" wrap="nowrap">
                      <Text size="sm" fw={550}>
                        {day(`${it.first_day}T00:00:00Z`, 'UTC')}
                        {it.first_day !== it.last_day && ` to ${day(`${it.last_day}T00:00:00Z`, 'UTC')}`}
                      </Text>
                      <Tag>{words(it.report_type)}</Tag>
                    </Group>
                    <Text size="xs" c="dimmed">
                      made <Moment at={it.made_at} />
                    </Text>
                  </UnstyledButton>
                ))}
              </Stack>
            )}
          </Listed>
        </Section>
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 8, lg: 9 }}>
        {chosen !== undefined && <ReportView report={chosen} />}
      </Grid.Col>
    </Grid>
  );
  return (
    <>
      <PageHeader
        title="Reports"
        lead="Made every day and every week; each number stands beside that of the time before."
        actions={
          tenant.may('operate') && (
            <>
              <Select
                aria-label="Kind of report"
                allowDeselect={false}
                w={150}
                data={kinds}
                value={wanted}
                onChange={(value) => setWanted(value as Kind)}
              />
              <Button loading={make.isPending} onClick={() => make.start()}>
                Make it now
              </Button>
            </>
          )
        }
      />
      {tenant.may('view') ? (
        <Tabs defaultValue="reports" keepMounted={false}>
          <Tabs.List mb="md">
            <Tabs.Tab value="reports">Reports</Tabs.Tab>
            <Tabs.Tab value="briefings">Briefings</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="reports">{reports}</Tabs.Panel>
          <Tabs.Panel value="briefings">
            <Briefings />
          </Tabs.Panel>
        </Tabs>
      ) : (
        reports
      )}
    </>
  );
}

const kinds = [
  { value: 'daily', label: 'Daily' },
  { value: 'weekly', label: 'Weekly' },
  { value: 'competitors', label: 'Competitors' },
];
