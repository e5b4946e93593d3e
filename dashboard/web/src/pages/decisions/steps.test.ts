import { describe, expect, it } from 'vitest';
import { modelName, promptName, tellStep } from './steps';

describe('a step of a decision', () => {
  it('is told as a sentence', () => {
    expect(tellStep('open: answers may be sent')).toBe('Answers may be sent.');
    expect(tellStep('mode B for lead')).toBe('Lead: drafts for approval.');
    expect(tellStep('mode C instead of A: the text speaks of danger')).toBe(
      'Hands over to a person, where it usually acts by itself: the text speaks of danger.',
    );
    expect(tellStep('wrote a reply in pt')).toBe('Wrote a reply in Portuguese.');
    expect(tellStep('lead (87 %), neutral, en')).toBe('Lead (87 %), neutral, English.');
    expect(tellStep('draft: leads are drafted')).toBe('Draft for a person: leads are drafted.');
    expect(tellStep('hit: `Mark questions`')).toBe('Hit: “Mark questions”.');
  });

  it('names what read and wrote it', () => {
    expect(modelName('offline/intents-6bc46f82')).toBe('None: built-in rules');
    expect(modelName('anthropic/claude-opus-4-6')).toBe('anthropic/claude-opus-4-6');
    expect(modelName(null)).toBe('None asked');
    expect(promptName('templates/en@1')).toBe('Built-in texts, English');
    expect(promptName('reply@2')).toBe('reply, version 2');
  });
});
