import { Grid, Group, Select, Stack, Text, UnstyledButton } from '@mantine/core';
import { IconSunrise } from '@tabler/icons-react';
import { useState } from 'react';
import { answer, api } from '@/api/client';
import { keys, useApi, usePages } from '@/api/queries';
import type { components } from '@/api/schema';
import { useTenant } from '@/shell/where';
import { dateTime, words } from '@/ui/format';
import { Section, Tag } from '@/ui/pieces';
import { Answered, Empty, Listed } from '@/ui/states';

type Kind = components['schemas']['BriefingKind'];

/** What was told every morning and every week, as people got it. */
export function Briefings() {
  const tenant = useTenant();
  const [kind, setKind] = useState<Kind | null>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const list = usePages(keys.tenant(tenant.id, 'briefings', kind), (cursor) =>
    answer(
      api.GET('/api/v1/tenants/{tenant}/briefings', {
        params: { path: { tenant: tenant.id }, query: { kind: kind ?? undefined, cursor, limit: 20 } },
      }),
    ),
  );
  const open = list.items.find((it) => it.id === chosen) ?? list.items[0];
  return (
    <Grid gutter="md">
      <Grid.Col span={{ base: 12, md: 4, lg: 3 }}>
        <Section
          title="All briefings"
          actions={
            <Select
              aria-label="Show"
              size="xs"
              w={120}
              placeholder="All kinds"
              clearable
              data={[
                { value: 'daily', label: 'Daily' },
                { value: 'weekly', label: 'Weekly' },
              ]}
              value={kind}
              onChange={(value) => setKind(value as Kind | null)}
            />
          }
        >
          <Listed
            of={list}
            empty={
              <Empty icon={IconSunrise} title="No briefings yet">
                The first is told in the morning, at eight.
              </Empty>
            }
          >
            {(items) => (
              <Stack gap={2}>
                {items.map((it) => (
                  <UnstyledButton
                    key={it.id}
                    p="xs"
                    aria-current={it.id === open?.id ? 'true' : undefined}
                    onClick={() => setChosen(it.id)}
                    style={{
                      borderRadius: 8,
                      background: it.id === open?.id ? 'var(--tone-info-bg)' : undefined,
                    }}
                  >
                    <Group justify="space-between" wrap="nowrap">
                      <Text size="sm" fw={550}>
                        {dateTime(it.until, tenant.time_zone)}
                      </Text>
                      <Tag>{words(it.kind)}</Tag>
                    </Group>
                  </UnstyledButton>
                ))}
              </Stack>
            )}
          </Listed>
        </Section>
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 8, lg: 9 }}>{open && <Briefing id={open.id} />}</Grid.Col>
    </Grid>
  );
}

function Briefing({ id }: { id: string }) {
  const tenant = useTenant();
  const briefing = useApi(keys.tenant(tenant.id, 'briefings', 'one', id), () =>
    answer(
      api.GET('/api/v1/tenants/{tenant}/briefings/{briefing}', {
        params: { path: { tenant: tenant.id, briefing: id } },
      }),
    ),
  );
  return (
    <Answered of={briefing}>
      {(it) => (
        <Section
          title={it.subject}
          lead={`From ${dateTime(it.from, tenant.time_zone)} to ${dateTime(it.until, tenant.time_zone)}`}
        >
          {/* As text: what people wrote is in it, and must stay text. */}
          <Text size="sm" className="break" style={{ whiteSpace: 'pre-wrap' }} lang={it.language}>
            {it.text}
          </Text>
        </Section>
      )}
    </Answered>
  );
}
