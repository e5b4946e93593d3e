import {
  Box,
  Button,
  Drawer,
  Group,
  SimpleGrid,
  Stack,
  TagsInput,
  Text,
  TextInput,
  Textarea,
} from '@mantine/core';
import { useState } from 'react';
import { answer, api } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { keys } from '@/api/queries';
import type { Media } from '@/api/types';
import { useTenant } from '@/shell/where';
import { useAct } from '@/ui/act';
import { confirm } from '@/ui/confirm';
import { bytes, duration, plural, sentence, words } from '@/ui/format';
import { Fact, Moment, Tag } from '@/ui/pieces';
import { Answered, FormProblem } from '@/ui/states';
import { localUrl, useMediaItem } from './data';

export function MediaDetails({ id, onClose }: { id: string; onClose: () => void }) {
  const tenant = useTenant();
  const media = useMediaItem(tenant.id, id);
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="md"
      title={media.data?.file_name ?? 'File'}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Answered of={media}>{(found) => <Details key={found.id} media={found} onClose={onClose} />}</Answered>
    </Drawer>
  );
}

function Details({ media, onClose }: { media: Media; onClose: () => void }) {
  const tenant = useTenant();
  const [name, setName] = useState(media.file_name);
  const [alt, setAlt] = useState(media.alt_text ?? '');
  const [tags, setTags] = useState(media.tags);
  const path = { tenant: tenant.id, media: media.id };
  const changes = [keys.tenant(tenant.id, 'media')];
  const save = useAct({
    act: () =>
      answer(
        api.PATCH('/api/v1/tenants/{tenant}/media/{media}', {
          params: { path },
          body: { file_name: name.trim(), alt_text: alt.trim() === '' ? null : alt.trim(), tags },
        }),
      ),
    changes,
    done: 'Saved.',
    isQuiet: true,
  });
  const remove = useAct({
    act: () => answer(api.DELETE('/api/v1/tenants/{tenant}/media/{media}', { params: { path } })),
    changes,
    done: 'Removed from the library.',
    onDone: onClose,
  });
  const errors = fieldErrors(save.error);
  const isHeld = media.used_by.some((it) => it.holds);
  const mayEdit = tenant.may('operate');
  return (
    <Stack>
      <Box style={{ borderRadius: 8, overflow: 'hidden', background: 'var(--tone-neutral-bg)' }}>
        {media.kind === 'image' ? (
          <img
            src={localUrl(media.url)}
            alt={media.alt_text ?? media.file_name}
            style={{ display: 'block', width: '100%' }}
          />
        ) : (
          // Its words, if it has any, are in the video itself.
          // eslint-disable-next-line jsx-a11y/media-has-caption
          <video
            src={localUrl(media.url)}
            controls
            preload="metadata"
            style={{ display: 'block', width: '100%' }}
          />
        )}
      </Box>
      <SimpleGrid cols={3}>
        <Fact label="Size">{bytes(media.bytes)}</Fact>
        <Fact label="Pixels">
          {media.width} × {media.height}
        </Fact>
        <Fact label="Added">
          <Moment at={media.created_at} />
        </Fact>
        {media.duration_ms ? <Fact label="Length">{duration(media.duration_ms * 1000)}</Fact> : null}
        <Fact label="Used by">{plural(media.used_by.length, 'post or template', 'posts and templates')}</Fact>
      </SimpleGrid>
      <Stack gap={6}>
        <Text size="sm" fw={600}>
          Where it fits
        </Text>
        {media.placements.map((it) => (
          <Group key={it.placement} gap="sm" wrap="nowrap" align="flex-start">
            <Box w={92} style={{ flex: 'none' }}>
              <Tag tone={it.fits ? 'good' : 'neutral'}>{words(it.placement)}</Tag>
            </Box>
            <Text size="sm" c="dimmed">
              {[...it.problems, ...it.advice].map((problem) => sentence(problem.message)).join(' ') ||
                'Fits as it is.'}
            </Text>
          </Group>
        ))}
      </Stack>
      {mayEdit && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            save.start();
          }}
        >
          <Stack>
            <FormProblem error={save.error} shown={['file_name', 'alt_text', 'tags']} />
            <TextInput
              label="Name"
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              error={errors.file_name}
            />
            <Textarea
              label="Description"
              description="For people who cannot see it; Instagram gets it as alternative text."
              autosize
              value={alt}
              onChange={(event) => setAlt(event.currentTarget.value)}
              error={errors.alt_text}
            />
            <TagsInput label="Tags" value={tags} onChange={setTags} error={errors.tags} />
            <Group justify="space-between">
              <Button
                variant="default"
                loading={remove.isPending}
                disabled={isHeld}
                title={isHeld ? 'A planned post needs it.' : undefined}
                onClick={() =>
                  confirm({
                    title: `Remove ${media.file_name}?`,
                    text: 'The file is deleted. Published posts stay as they are.',
                    yes: 'Remove',
                    isDangerous: true,
                    act: () => remove.start(),
                  })
                }
              >
                Remove
              </Button>
              <Button type="submit" loading={save.isPending}>
                Save
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Stack>
  );
}
