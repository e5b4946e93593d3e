import { Box, Card, Center, Group, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { Logo } from '@/ui/Logo';

/** The frame of the pages that are shown before anybody is signed in. */
export function EntryLayout(props: { title: string; lead: string; children: ReactNode; width?: number }) {
  return (
    <Center component="main" mih="100vh" p="md">
      <Box w="100%" maw={props.width ?? 420}>
        <Group justify="center" mb="lg" gap="xs">
          <Logo />
          <Text fw={650} size="lg">
            Troupe
          </Text>
        </Group>
        <Card padding="xl" shadow="sm">
          <Stack gap="lg">
            <div>
              <Title order={1}>{props.title}</Title>
              <Text c="dimmed" size="sm" mt={4}>
                {props.lead}
              </Text>
            </div>
            {props.children}
          </Stack>
        </Card>
      </Box>
    </Center>
  );
}
