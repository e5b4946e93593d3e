import { Button, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { answer, api } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { keys } from '@/api/queries';
import { useTenant } from '@/shell/where';
import { useAct } from '@/ui/act';
import { confirm } from '@/ui/confirm';
import { Section } from '@/ui/pieces';
import { FormProblem } from '@/ui/states';
import { timeZones } from '../tenants/TenantsPage';

export function General() {
  const tenant = useTenant();
  const [name, setName] = useState(tenant.name);
  const [zone, setZone] = useState(tenant.time_zone);
  const params = { path: { tenant: tenant.id } };
  const changes = [keys.tenant(tenant.id, 'self'), keys.agency('all', 'tenants')];
  const save = useAct({
    act: () =>
      answer(api.PATCH('/api/v1/tenants/{tenant}', { params, body: { name: name.trim(), time_zone: zone } })),
    changes,
    done: 'Saved.',
    isQuiet: true,
  });
  const suspend = useAct({
    act: () => answer(api.POST('/api/v1/tenants/{tenant}/suspend', { params })),
    changes,
    done: 'Suspended. Nothing is sent until it is resumed.',
  });
  const resume = useAct({
    act: () => answer(api.POST('/api/v1/tenants/{tenant}/resume', { params })),
    changes,
    done: 'It goes on.',
  });
  const errors = fieldErrors(save.error);
  const mayEdit = tenant.may('manage');
  const isActive = tenant.status === 'active';
  const zones = timeZones();
  return (
    <>
      <Section title="General">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            save.start();
          }}
        >
          <Stack>
            <FormProblem error={save.error} shown={['name', 'time_zone']} />
            <TextInput
              label="Name"
              required
              disabled={!mayEdit}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              error={errors.name}
            />
            <Select
              label="Time zone"
              description="Quiet hours, budgets, plans and reports go by this clock."
              searchable
              allowDeselect={false}
              limit={60}
              disabled={!mayEdit}
              data={zones.includes(zone) ? zones : [zone, ...zones]}
              value={zone}
              onChange={(value) => setZone(value ?? zone)}
              error={errors.time_zone}
            />
            {mayEdit && (
              <Group justify="flex-end">
                <Button
                  type="submit"
                  loading={save.isPending}
                  disabled={name === tenant.name && zone === tenant.time_zone}
                >
                  Save
                </Button>
              </Group>
            )}
          </Stack>
        </form>
      </Section>
      {mayEdit && (
        <Section title={isActive ? 'Suspend' : 'Resume'}>
          <Group justify="space-between">
            <Text size="sm" maw={520}>
              {isActive
                ? 'A suspended tenant keeps everything, takes events in, and sends nothing.'
                : 'It takes up its work again; what came in meanwhile is looked at.'}
            </Text>
            {isActive ? (
              <Button
                variant="default"
                loading={suspend.isPending}
                onClick={() =>
                  confirm({
                    title: `Suspend ${tenant.name}?`,
                    text: 'Nothing is answered or published until it is resumed.',
                    yes: 'Suspend',
                    isDangerous: true,
                    act: () => suspend.start(),
                  })
                }
              >
                Suspend
              </Button>
            ) : (
              <Button loading={resume.isPending} onClick={() => resume.start()}>
                Resume
              </Button>
            )}
          </Group>
        </Section>
      )}
    </>
  );
}
