import '@mantine/dropzone/styles.css';
import {
  Button,
  Card,
  Group,
  Progress,
  Select,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
  UnstyledButton,
} from '@mantine/core';
import { Dropzone } from '@mantine/dropzone';
import { useDebouncedValue } from '@mantine/hooks';
import { IconPhoto, IconUpload } from '@tabler/icons-react';
import { useState } from 'react';
import type { Media } from '@/api/types';
import { useTenant } from '@/shell/where';
import { bytes, words } from '@/ui/format';
import { PageHeader } from '@/ui/pieces';
import { Empty, Listed, Notice } from '@/ui/states';
import { MediaDetails } from './MediaDetails';
import { useLibrary } from './MediaPicker';
import { MediaPicture } from './Thumb';
import { useUploads, type UploadState } from './useUploads';

export function Component() {
  const tenant = useTenant();
  const [search, setSearch] = useState('');
  const [kind, setKind] = useState<string | null>(null);
  const [opened, setOpened] = useState<string | null>(null);
  const [q] = useDebouncedValue(search.trim() || undefined, 300);
  const list = useLibrary({ q, kind: (kind ?? undefined) as Media['kind'] | undefined });
  const { uploads, add, cancel, clear } = useUploads(tenant.id);
  return (
    <>
      <PageHeader
        title="Media library"
        lead="Pictures and videos for posts, checked against what Instagram takes."
      />
      <Stack>
        {tenant.may('operate') && (
          <Dropzone
            onDrop={add}
            onReject={(refused) => add(refused.map((it) => it.file))}
            multiple
            radius="lg"
            styles={{ root: { borderColor: 'var(--mantine-color-default-border)' } }}
            inputProps={{ 'aria-label': 'Choose files to add' }}
          >
            <Group justify="center" gap="md" mih={84} wrap="nowrap" style={{ pointerEvents: 'none' }}>
              <IconUpload size={26} stroke={1.5} aria-hidden />
              <div>
                <Text fw={550} size="sm">
                  Drop pictures and videos here, or choose them
                </Text>
                <Text size="xs" c="dimmed">
                  JPEG, PNG, MP4 or MOV. Large files go in parts and continue after a break.
                </Text>
              </div>
            </Group>
          </Dropzone>
        )}
        {uploads.length > 0 && (
          <Card>
            <Stack gap="sm">
              {uploads.map((it) => (
                <UploadLine key={it.id} upload={it} onCancel={() => cancel(it.id)} />
              ))}
              {uploads.every((it) => it.is !== 'sending') && (
                <Group justify="flex-end">
                  <Button size="xs" variant="default" onClick={clear}>
                    Clear the list
                  </Button>
                </Group>
              )}
            </Stack>
          </Card>
        )}
        <Card>
          <Group mb="md">
            <TextInput
              aria-label="Search"
              placeholder="Name, description or tag"
              value={search}
              onChange={(event) => setSearch(event.currentTarget.value)}
              flex="1 1 200px"
              maw={320}
            />
            <Select
              aria-label="Kind"
              placeholder="Pictures and videos"
              clearable
              data={[
                { value: 'image', label: 'Pictures' },
                { value: 'video', label: 'Videos' },
              ]}
              value={kind}
              onChange={setKind}
              w={190}
            />
          </Group>
          <Listed
            of={list}
            empty={
              <Empty
                icon={IconPhoto}
                title={q === undefined && kind === null ? 'The library is empty' : 'Nothing matches'}
              >
                What you add can be used in any number of posts.
              </Empty>
            }
          >
            {(items) => (
              <SimpleGrid cols={{ base: 2, xs: 3, md: 5, xl: 6 }} spacing="sm">
                {items.map((media) => (
                  <Tile key={media.id} media={media} onOpen={() => setOpened(media.id)} />
                ))}
              </SimpleGrid>
            )}
          </Listed>
        </Card>
      </Stack>
      {opened !== null && <MediaDetails key={opened} id={opened} onClose={() => setOpened(null)} />}
    </>
  );
}

function Tile({ media, onOpen }: { media: Media; onOpen: () => void }) {
  const fits = media.placements.filter((it) => it.fits).map((it) => words(it.placement).toLowerCase());
  return (
    <UnstyledButton onClick={onOpen}>
      <div style={{ aspectRatio: '1' }}>
        <MediaPicture media={media} radius={8} />
      </div>
      <Text size="sm" mt={4} className="clip">
        {media.file_name}
      </Text>
      <Text size="xs" c="dimmed" className="clip">
        {fits.length === 0 ? 'Fits nowhere yet' : `Fits ${fits.join(', ')}`}
      </Text>
    </UnstyledButton>
  );
}

function UploadLine({ upload, onCancel }: { upload: UploadState; onCancel: () => void }) {
  if (upload.is === 'refused') {
    return (
      <Notice tone="bad" title={upload.name}>
        {upload.problem}
      </Notice>
    );
  }
  const share = upload.size === 0 ? 100 : (upload.sent / upload.size) * 100;
  return (
    <div>
      <Group justify="space-between" mb={4} wrap="nowrap">
        <Text size="sm" className="clip">
          {upload.name}
        </Text>
        {upload.is === 'done' ? (
          <Text size="xs" c="var(--tone-good-fg)">
            In the library
          </Text>
        ) : (
          <Group gap="xs" wrap="nowrap">
            <Text size="xs" c="dimmed" className="tabular">
              {share >= 100 ? 'Being checked' : `${bytes(upload.sent)} of ${bytes(upload.size)}`}
            </Text>
            <Button size="compact-xs" variant="default" onClick={onCancel}>
              Cancel
            </Button>
          </Group>
        )}
      </Group>
      <Progress
        value={share}
        animated={upload.is === 'sending'}
        aria-label={`${upload.name}: ${Math.round(share)} %`}
      />
    </div>
  );
}
