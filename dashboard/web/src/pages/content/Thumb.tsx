import { Box } from '@mantine/core';
import { IconPhoto, IconVideo } from '@tabler/icons-react';
import { useTenant } from '@/shell/where';
import type { Media } from '@/api/types';
import { thumbnail, useMediaItem } from './data';

const frame = {
  display: 'grid',
  placeItems: 'center',
  overflow: 'hidden',
  background: 'var(--tone-neutral-bg)',
  color: 'var(--tone-neutral-fg)',
} as const;

export function MediaPicture({ media, radius = 6 }: { media: Media; radius?: number }) {
  const source = thumbnail(media);
  return (
    <Box w="100%" h="100%" style={{ ...frame, borderRadius: radius }}>
      {source === null ? (
        <IconVideo size={22} aria-label={media.alt_text ?? media.file_name} />
      ) : (
        <img
          src={source}
          alt={media.alt_text ?? media.file_name}
          loading="lazy"
          style={{ width: '100%', height: '100%', objectFit: 'cover' }}
        />
      )}
    </Box>
  );
}

/** The first file of a post, small. */
export function Thumb({ media, size = 44 }: { media: string | undefined; size?: number }) {
  const tenant = useTenant();
  const found = useMediaItem(tenant.id, media);
  return (
    <Box w={size} h={size} style={{ ...frame, borderRadius: 6, flex: 'none' }}>
      {found.data === undefined ? <IconPhoto size={18} aria-hidden /> : <MediaPicture media={found.data} />}
    </Box>
  );
}
