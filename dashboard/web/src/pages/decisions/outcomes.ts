import { words } from '@/ui/format';

const names: Record<string, string> = {
  act: 'Done by itself',
  draft: 'Draft for a person',
  escalate: 'Handed to a person',
  ignore: 'Left alone',
  record: 'Noted',
};

/** What came of a decision, for people. */
export const outcomeName = (outcome: string) => names[outcome] ?? words(outcome);
