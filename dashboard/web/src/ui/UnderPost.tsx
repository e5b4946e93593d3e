import { Anchor } from '@mantine/core';
import type { PostedUnder } from '@/api/types';
import { shortened } from './format';

/** “ under ” and the name of the post, where it is known; it leads to Instagram. */
export function UnderPost({ post }: { post?: PostedUnder | null }) {
  if (!post?.caption) return null;
  const name = `“${shortened(post.caption.replace(/\s+/g, ' ').trim(), 60)}”`;
  return (
    <>
      {' '}
      under{' '}
      {post.permalink ? (
        <Anchor
          href={post.permalink}
          target="_blank"
          rel="noreferrer"
          inherit
          title="See the post on Instagram"
        >
          {name}
        </Anchor>
      ) : (
        name
      )}
    </>
  );
}
