import { sentence } from '@/ui/format';
import { outcomeName } from './outcomes';

/** What it may do about an intent, by the letter the record has for it. */
export const modes: Record<string, string> = {
  A: 'Acts by itself',
  B: 'Drafts for approval',
  C: 'Hands over to a person',
};

const languages = new Intl.DisplayNames('en', { type: 'language' });

/** `en` is English; what is no language stays as it is. */
export function languageName(code: string): string {
  try {
    return languages.of(code) ?? code;
  } catch {
    return code;
  }
}

/** What a step found, as a sentence without letters and codes. */
export function tellStep(summary: string): string {
  const told = summary
    .replace(
      /^mode ([ABC]) for (\w+)/,
      (_, mode: string, intent: string) => `${intent}: ${modes[mode]?.toLowerCase()}`,
    )
    .replace(
      /^mode ([ABC]) instead of ([ABC])/,
      (_, now: string, usual: string) => `${modes[now]}, where it usually ${modes[usual]?.toLowerCase()}`,
    )
    .replace(/^wrote a reply in ([a-z]{2})\b/, (_, code: string) => `wrote a reply in ${languageName(code)}`)
    .replace(
      /^(\w+ \(\d+ %\), \w+), ([a-z]{2})\b/,
      (_, found: string, code: string) => `${found}, ${languageName(code)}`,
    )
    .replace(/^(act|draft|escalate|ignore|record)(?=: )/, (outcome) => outcomeName(outcome))
    .replace(/^open: /, '')
    .replace(/`([^`]*)`/g, '“$1”');
  return sentence(told);
}

/** What read or wrote it, where that was no model. */
export function modelName(model: string | null | undefined): string {
  if (model === null || model === undefined) return 'None asked';
  return model.startsWith('offline/') ? 'None: built-in rules' : model;
}

/** The version of a prompt, or the built-in texts that stood in for one. */
export function promptName(version: string | null | undefined): string {
  if (version === null || version === undefined) return 'None used';
  const built = /^templates\/([a-z]{2})@(\d+)$/.exec(version);
  return built === null
    ? version.replace('@', ', version ')
    : `Built-in texts, ${languageName(built[1] ?? '')}`;
}
