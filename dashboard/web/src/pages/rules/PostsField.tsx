import { MultiSelect } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { answer, api } from '@/api/client';
import { keys, useApi } from '@/api/queries';
import { useTenant } from '@/shell/where';
import { postOptions, type KnownPost } from './posts';

interface PostsFieldProps {
  /** Instagram's ids; none means any post. */
  value: string[];
  onChange: (ids: string[]) => void;
  disabled: boolean;
  error?: ReactNode;
}

/** Chooses among the posts that are known, by their captions; the id of another one may be typed. */
export function PostsField({ value, onChange, disabled, error }: PostsFieldProps) {
  const tenant = useTenant();
  const [typed, setTyped] = useState('');
  const known = useApi(keys.tenant(tenant.id, 'posts', 'known'), () => knownPosts(tenant.id));
  return (
    <MultiSelect
      label="On these posts"
      description="Any when none is chosen. Posts that are not listed are found by their id on Instagram."
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      placeholder={value.length === 0 ? 'Any post' : undefined}
      searchable
      hidePickedOptions
      limit={100}
      nothingFoundMessage="No post with these words"
      disabled={disabled}
      data={postOptions(known.data ?? [], value, typed)}
      searchValue={typed}
      onSearchChange={setTyped}
      value={value}
      onChange={onChange}
      error={error}
    />
  );
}

/** What was read on Instagram, and what went out from here and was not read yet. */
async function knownPosts(tenant: string): Promise<KnownPost[]> {
  const path = { tenant };
  const [read, sent] = await Promise.all([
    answer(api.GET('/api/v1/tenants/{tenant}/insights/media', { params: { path, query: { limit: 200 } } })),
    answer(
      api.GET('/api/v1/tenants/{tenant}/posts', {
        params: { path, query: { state: 'published', limit: 50 } },
      }),
    ),
  ]);
  return [
    ...sent.items.map((it) => ({ id: it.platform_post_id, caption: it.caption, at: it.published_at })),
    ...read.items.map((it) => ({ id: it.media, caption: it.caption, at: it.published_at })),
  ];
}
