/** Which lists of a tenant change when something of this type is written into its log. */
const bySubject: Record<string, string[]> = {
  account: ['accounts', 'health', 'operations'],
  alert: ['alerts'],
  approval: ['approvals', 'comments', 'conversations', 'queue'],
  autonomy: ['alerts', 'learning', 'settings'],
  budget: ['budget', 'alerts'],
  briefing: ['briefings'],
  channel: ['channels'],
  competitor: ['competitors'],
  conversation: ['conversations', 'approvals'],
  decision: ['approvals', 'comments', 'conversations', 'queue', 'leads', 'costs', 'budget', 'alerts'],
  effect: ['queue', 'comments', 'conversations', 'posts'],
  lead: ['leads'],
  learning: ['learning'],
  media: ['media'],
  memory: ['memory'],
  post: ['posts', 'media'],
  post_template: ['post-templates'],
  report: ['reports'],
  rule: ['rules'],
  settings: ['settings', 'self'],
  spike: ['alerts'],
  tenant: ['self'],
  tick: ['ticks', 'health', 'insights', 'reports'],
  token: ['accounts', 'health', 'alerts'],
};

export function subjectsOf(eventType: string): string[] {
  const [subject = ''] = eventType.split('.');
  return bySubject[subject] ?? [];
}
