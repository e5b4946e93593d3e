import { Stack, Text } from '@mantine/core';
import { IconClock } from '@tabler/icons-react';
import { answer, api } from '@/api/client';
import { keys, useApi } from '@/api/queries';
import { useTenant } from '@/shell/where';
import { Chart } from '@/ui/charts';
import { number, plural, sentence, words } from '@/ui/format';
import { Section } from '@/ui/pieces';
import { Answered, Empty } from '@/ui/states';

const hour = (value: number) => `${String(value).padStart(2, '0')}:00`;

export function BestTimes({ account }: { account?: string }) {
  const tenant = useTenant();
  const asked = useApi(keys.tenant(tenant.id, 'insights', 'best', account), () =>
    answer(
      api.GET('/api/v1/tenants/{tenant}/insights/best-times', {
        params: { path: { tenant: tenant.id }, query: { account } },
      }),
    ),
  );
  return (
    <Answered of={asked}>
      {(found) => {
        const most = found.online_followers.reduce((a, b) => (b.followers > a.followers ? b : a), {
          hour: 0,
          followers: 0,
        });
        return (
          <Stack>
            <Section
              title="When posts did well"
              lead={found.suggestions.length === 0 ? undefined : sentence(found.remark)}
            >
              {found.suggestions.length === 0 ? (
                <Empty icon={IconClock} title="Too few posts to suggest a time">
                  {plural(found.posts, 'post')} can be compared so far. It takes ten, and two in the same
                  hour.
                </Empty>
              ) : (
                <Chart
                  kind="bar"
                  by="Time"
                  data={found.suggestions.map((it) => ({
                    Time: `${words(it.weekday).slice(0, 3)} ${hour(it.hour)}`,
                    expected: it.expected_engagement,
                  }))}
                  series={[{ name: 'expected', label: 'Expected reactions', color: 'brand.6' }]}
                  says={`The best hour so far is ${words(found.suggestions[0]?.weekday ?? '')} at ${hour(
                    found.suggestions[0]?.hour ?? 0,
                  )}, with about ${number(found.suggestions[0]?.expected_engagement ?? 0)} reactions a post.`}
                />
              )}
            </Section>
            {found.online_followers.length > 0 && (
              <Section title="When followers are online">
                <Chart
                  kind="bar"
                  by="Hour"
                  data={found.online_followers.map((it) => ({
                    Hour: hour(it.hour),
                    followers: it.followers,
                  }))}
                  series={[{ name: 'followers', label: 'Followers', color: 'brand.5' }]}
                  says={`Most are online at ${hour(most.hour)}: about ${number(most.followers)} (${found.time_zone}).`}
                />
              </Section>
            )}
            <Text size="xs" c="dimmed">
              This shows what went together, not why.
            </Text>
          </Stack>
        );
      }}
    </Answered>
  );
}
