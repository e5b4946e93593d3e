import { day, shortened } from '@/ui/format';

/** A post on Instagram. */
export interface KnownPost {
  id?: string | null;
  caption: string;
  at?: string | null;
}

const nameOf = (id: string, post: KnownPost | undefined) => {
  if (post === undefined) return `Post ${id}`;
  const caption = post.caption.replace(/\s+/g, ' ').trim();
  const words = caption === '' ? 'Without a caption' : shortened(caption, 50);
  return post.at ? `${words} · ${day(post.at)}` : words;
};

/** What can be chosen: every known post once, newest first, and those not known that are chosen, or typed as an id. */
export function postOptions(
  known: KnownPost[],
  chosen: string[],
  typed: string,
): { value: string; label: string }[] {
  const posts = new Map<string, KnownPost>();
  const newestFirst = [...known].sort((one, other) => (other.at ?? '').localeCompare(one.at ?? ''));
  for (const post of newestFirst) {
    if (post.id && !posts.has(post.id)) posts.set(post.id, post);
  }
  const isId = /^\d{5,}$/.test(typed.trim());
  const others = [...new Set(isId ? [...chosen, typed.trim()] : chosen)].filter((it) => !posts.has(it));
  return [...others, ...posts.keys()].map((id) => ({ value: id, label: nameOf(id, posts.get(id)) }));
}
