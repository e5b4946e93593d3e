import { Box, Button, Group, Modal, SimpleGrid, Text, TextInput, UnstyledButton } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconPhoto } from '@tabler/icons-react';
import { useState } from 'react';
import { answer, api } from '@/api/client';
import { keys, usePages } from '@/api/queries';
import type { Media } from '@/api/types';
import { useTenant } from '@/shell/where';
import { Empty, Listed } from '@/ui/states';
import { useFocusBack } from '@/ui/useFocusBack';
import { MediaPicture } from './Thumb';

export function useLibrary(query: { q?: string; kind?: Media['kind']; tag?: string }) {
  const tenant = useTenant();
  return usePages(keys.tenant(tenant.id, 'media', 'list', query), (cursor) =>
    answer(
      api.GET('/api/v1/tenants/{tenant}/media', {
        params: { path: { tenant: tenant.id }, query: { ...query, cursor, limit: 40 } },
      }),
    ),
  );
}

/** Chooses files of the library, in order. */
export function MediaPicker(props: {
  chosen: string[];
  most: number;
  onChange: (media: string[]) => void;
  onClose: () => void;
}) {
  useFocusBack();
  const [search, setSearch] = useState('');
  const [q] = useDebouncedValue(search.trim() || undefined, 300);
  const list = useLibrary({ q });
  const [chosen, setChosen] = useState(props.chosen);
  const toggle = (id: string) =>
    setChosen((before) =>
      before.includes(id)
        ? before.filter((it) => it !== id)
        : props.most === 1
          ? [id]
          : before.length < props.most
            ? [...before, id]
            : before,
    );
  return (
    <Modal opened onClose={props.onClose} title="Choose from the library" size="lg">
      <TextInput
        aria-label="Search the library"
        placeholder="Search by name, description or tag"
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
        mb="sm"
        data-autofocus
      />
      <Box mih={200} mah="50vh" style={{ overflowY: 'auto' }}>
        <Listed
          of={list}
          empty={
            <Empty icon={IconPhoto} title="No files">
              Add pictures and videos under Media library first.
            </Empty>
          }
        >
          {(items) => (
            <SimpleGrid cols={{ base: 3, sm: 4 }} spacing="xs">
              {items.map((media) => {
                const position = chosen.indexOf(media.id);
                return (
                  <UnstyledButton
                    key={media.id}
                    onClick={() => toggle(media.id)}
                    aria-pressed={position !== -1}
                    aria-label={media.alt_text ?? media.file_name}
                    pos="relative"
                    style={{
                      aspectRatio: '1',
                      borderRadius: 8,
                      outline: position === -1 ? undefined : '3px solid var(--mantine-color-brand-6)',
                    }}
                  >
                    <MediaPicture media={media} />
                    {position !== -1 && (
                      <Box
                        pos="absolute"
                        top={4}
                        right={4}
                        w={22}
                        h={22}
                        fz={12}
                        fw={650}
                        c="#fff"
                        bg="brand.7"
                        style={{ borderRadius: 22, display: 'grid', placeItems: 'center' }}
                      >
                        {position + 1}
                      </Box>
                    )}
                  </UnstyledButton>
                );
              })}
            </SimpleGrid>
          )}
        </Listed>
      </Box>
      <Group justify="space-between" mt="md">
        <Text size="sm" c="dimmed">
          {chosen.length} of {props.most}
        </Text>
        <Group gap="xs">
          <Button variant="default" onClick={props.onClose}>
            Cancel
          </Button>
          <Button
            onClick={() => {
              props.onChange(chosen);
              props.onClose();
            }}
          >
            Use
          </Button>
        </Group>
      </Group>
    </Modal>
  );
}
