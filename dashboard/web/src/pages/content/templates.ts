import type { PostTemplate, PostTemplateDocument } from '@/api/types';
import type { Version } from '@/edit/useVersioned';

export const emptyTemplate: PostTemplateDocument = {
  name: '',
  post_type: 'image',
  caption: '',
  hashtags: [],
  first_comment: null,
};

export const documentOf = (it: PostTemplate): PostTemplateDocument => ({
  name: it.name,
  post_type: it.post_type,
  caption: it.caption,
  hashtags: it.hashtags,
  first_comment: it.first_comment ?? null,
});

/** A template as a form is made of it. */
export const versionOf = (read: Version<PostTemplate> | undefined) =>
  read && { data: documentOf(read.data), tag: read.tag };

/** What is to be filled in, each once, in the order it is read: `{tip}` is “tip”. */
export function placeholdersOf(it: Pick<PostTemplateDocument, 'caption' | 'first_comment'>): string[] {
  const found = `${it.caption ?? ''}\n${it.first_comment ?? ''}`.matchAll(/\{([A-Za-z0-9_]{1,60})\}/g);
  return [...new Set([...found].map((match) => match[1] ?? ''))];
}

/** What was given a value; what was left empty stays a placeholder. */
export const givenOf = (values: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(values)
      .map(([name, value]): [string, string] => [name, value.trim()])
      .filter(([, value]) => value !== ''),
  );
