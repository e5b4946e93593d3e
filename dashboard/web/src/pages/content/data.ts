import { answer, api } from '@/api/client';
import { keys, useApi, usePages } from '@/api/queries';
import type { Media, Post, PostState, PostType } from '@/api/types';

export const stateNames: Record<PostState, string> = {
  draft: 'Draft',
  pending: 'Waits for a yes',
  approved: 'Scheduled',
  publishing: 'Publishing',
  needs_person: 'Needs a look',
  published: 'Published',
  failed: 'Failed',
  cancelled: 'Cancelled',
  rejected: 'Rejected',
};

export const typeNames: Record<PostType, string> = {
  image: 'Image',
  carousel: 'Carousel',
  reel: 'Reel',
  story: 'Story',
};

export const usePosts = (tenant: string, state: PostState) =>
  usePages(keys.tenant(tenant, 'posts', state), (cursor) =>
    answer(
      api.GET('/api/v1/tenants/{tenant}/posts', {
        params: { path: { tenant }, query: { state, cursor, limit: 30 } },
      }),
    ),
  );

export const usePost = (tenant: string, post: string) =>
  useApi(keys.tenant(tenant, 'posts', 'one', post), () =>
    answer(api.GET('/api/v1/tenants/{tenant}/posts/{post}', { params: { path: { tenant, post } } })),
  );

export const useMediaItem = (tenant: string, media: string | undefined) =>
  useApi(
    keys.tenant(tenant, 'media', 'one', media),
    () =>
      answer(
        api.GET('/api/v1/tenants/{tenant}/media/{media}', {
          params: { path: { tenant, media: media ?? '' } },
        }),
      ),
    { enabled: media !== undefined, staleTime: 10 * 60_000 },
  );

/** Signed addresses name the public host; this page is allowed to show those of its own. */
export function localUrl(url: string): string {
  const parsed = new URL(url, window.location.origin);
  return parsed.pathname.startsWith('/media/') ? `${parsed.pathname}${parsed.search}` : url;
}

export const thumbnail = (media: Pick<Media, 'thumbnail_url' | 'url' | 'kind'>) =>
  media.thumbnail_url ? localUrl(media.thumbnail_url) : media.kind === 'image' ? localUrl(media.url) : null;

/** Which states can still be changed by hand. */
export const isOpen = (post: Pick<Post, 'state'>) =>
  ['draft', 'pending', 'approved', 'needs_person', 'rejected', 'failed'].includes(post.state);
