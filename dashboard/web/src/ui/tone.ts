export type Tone = 'neutral' | 'info' | 'good' | 'warn' | 'bad';

export const toneColors = (tone: Tone) => ({
  background: `var(--tone-${tone}-bg)`,
  color: `var(--tone-${tone}-fg)`,
});
