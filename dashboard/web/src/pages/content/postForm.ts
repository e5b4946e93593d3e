import type { Post, PostDocument, PostOptions, PostType, Recurrence } from '@/api/types';
import type { Version } from '@/edit/useVersioned';
import { dateTime, plural, words } from '@/ui/format';
import { toInstant, toWall } from '@/ui/zoned';
import { typeNames } from './data';

/** A post as it is written: its moment by the clock of the tenant. */
export interface PostForm {
  type: PostType;
  account: string | null;
  media: string[];
  caption: string;
  firstComment: string;
  at: string | null;
  recurrence: Recurrence | null;
  options: PostOptions;
}

/** What a new post begins with, such as a filled template. */
export interface Beginning {
  type: PostType;
  caption: string;
  firstComment: string;
}

export const newForm = (at: string | undefined, beginning: Beginning | undefined): PostForm => ({
  type: beginning?.type ?? 'image',
  account: null,
  media: [],
  caption: beginning?.caption ?? '',
  firstComment: beginning?.firstComment ?? '',
  at: at ?? null,
  recurrence: null,
  options: {},
});

/** A post that is there as a form is made of it. */
export const versionOf = (post: Post, timeZone: string): Version<PostForm> => ({
  data: {
    type: post.post_type,
    account: post.account ?? null,
    media: post.media,
    caption: post.caption,
    firstComment: post.first_comment ?? '',
    at: post.scheduled_at ? toWall(post.scheduled_at, timeZone) : null,
    recurrence: post.recurrence ?? null,
    options: post.options,
  },
  tag: `"${post.version}"`,
});

export const documentOf = (form: PostForm, timeZone: string): PostDocument => ({
  post_type: form.type,
  account: form.account,
  media: form.media,
  caption: form.caption,
  first_comment: form.firstComment.trim() === '' ? null : form.firstComment,
  scheduled_at: form.at === null ? null : toInstant(form.at, timeZone),
  recurrence: form.at === null ? null : form.recurrence,
  options: form.options,
  // Whoever writes it sees what it is like, and plans it all the same.
  allow_duplicates: true,
});

export const repeats: Record<Recurrence['every'], string> = {
  daily: 'Every day',
  weekly: 'Every week',
  monthly: 'Every month',
};

/** What the fields of a post are called. */
export const fieldNames: Record<string, string> = {
  type: 'Kind of post',
  account: 'Account',
  media: 'Files',
  caption: 'Caption',
  firstComment: 'First comment',
  at: 'When',
  recurrence: 'Repeat',
  'recurrence.every': 'Repeat',
  'recurrence.interval': 'Repeat, every so many',
  'recurrence.until': 'Repeat until',
  'options.collaborators': 'Collaborators',
  'options.user_tags': 'People who are tagged',
  'options.location_id': 'Place',
  'options.audio_name': 'Sound',
  'options.cover_media': 'Cover',
  'options.thumb_offset_ms': 'Moment of the cover',
  'options.share_to_feed': 'Shown in the feed',
  'options.is_ai_generated': 'Made by a machine',
};

/** The value of a field in the words of the form, where it has others. */
export function tellField(path: string, value: unknown, accountName: (id: string) => string) {
  if (value === null || value === '') return undefined;
  if (path === 'type') return typeNames[value as PostType];
  if (path === 'account') return accountName(String(value));
  if (path === 'media') return plural((value as string[]).length, 'file');
  // It is the tenant's wall clock already.
  if (path === 'at') return dateTime(`${String(value).replace(' ', 'T')}Z`, 'UTC');
  if (path === 'recurrence') return tellRepeat(value as Recurrence);
  if (path === 'recurrence.every') return repeats[value as Recurrence['every']];
  if (path === 'options.user_tags') return plural((value as unknown[]).length, 'person', 'people');
  if (path === 'options.cover_media') return 'another picture';
  return undefined;
}

function tellRepeat({ every, interval = 1 }: Recurrence) {
  const units = { daily: 'days', weekly: 'weeks', monthly: 'months' };
  return interval > 1 ? `Every ${interval} ${units[every]}` : (repeats[every] ?? words(every));
}
