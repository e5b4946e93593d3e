import { Button, CopyButton, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { answer, api } from '@/api/client';
import { useTenant } from '@/shell/where';
import { useAct } from '@/ui/act';
import { dateTime } from '@/ui/format';
import { FormProblem } from '@/ui/states';

/** An address for calendar applications. It is secret: whoever has it sees the plan. */
export function CalendarFeedButton() {
  const tenant = useTenant();
  const [isOpen, setOpen] = useState(false);
  const make = useAct({
    once: true,
    act: () =>
      answer(
        api.POST('/api/v1/tenants/{tenant}/calendar/feed', {
          params: { path: { tenant: tenant.id } },
          body: {},
        }),
      ),
    changes: [],
    isQuiet: true,
  });
  if (!tenant.may('operate')) return null;
  return (
    <>
      <Button variant="default" onClick={() => setOpen(true)}>
        Subscribe
      </Button>
      <Modal opened={isOpen} onClose={() => setOpen(false)} title="Show the plan in another calendar">
        <Stack>
          <Text size="sm">
            Calendar applications can subscribe to an address of this calendar. Whoever knows the address sees
            the plan.
          </Text>
          <FormProblem error={make.error} />
          {make.data === undefined ? (
            <Button onClick={() => make.start()} loading={make.isPending}>
              Make the address
            </Button>
          ) : (
            <>
              <Group align="flex-end" wrap="nowrap">
                <TextInput label="Address" readOnly flex={1} value={make.data.url} />
                <CopyButton value={make.data.url}>
                  {({ copied, copy }) => (
                    <Button variant="default" onClick={copy}>
                      {copied ? 'Copied' : 'Copy'}
                    </Button>
                  )}
                </CopyButton>
              </Group>
              <Text size="xs" c="dimmed">
                It works until {dateTime(make.data.expires_at)}.
              </Text>
            </>
          )}
        </Stack>
      </Modal>
    </>
  );
}
