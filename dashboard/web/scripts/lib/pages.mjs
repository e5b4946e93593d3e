// Every page of the dashboard with the ids it needs.
export async function listPages(ask, agency, tenant) {
  const first = async (path) => (await ask(`/tenants/${tenant}${path}`)).items[0];
  const [approval, direct, thread, rule, post] = await Promise.all([
    first('/approvals?status=pending'),
    first('/conversations?kind=direct'),
    first('/conversations?kind=comment_thread'),
    first('/rules'),
    first('/posts'),
  ]);
  const rehearsal = (await ask(`/agencies/${agency}/rehearsals`)).items[0];
  const t = (rest) => `/tenants/${tenant}${rest === '' ? '' : `/${rest}`}`;
  const a = (rest) => `/agencies/${agency}${rest === '' ? '' : `/${rest}`}`;
  return [
    { name: 'sign-in', path: '/', as: 'nobody' },
    { name: 'set-up', path: '/', as: 'setup' },
    { name: 'forgot', path: '/forgot', as: 'nobody' },
    { name: 'reset', path: '/reset#token=example', as: 'nobody' },
    { name: 'invitation', path: '/invitation#token=example', as: 'nobody' },
    { name: 'agency-overview', path: a('') },
    { name: 'agency-tenants', path: a('tenants') },
    { name: 'agency-alerts', path: a('alerts') },
    { name: 'agency-costs', path: a('costs') },
    { name: 'agency-audit', path: a('audit') },
    { name: 'agency-prompts', path: a('settings/prompts') },
    { name: 'agency-experiments', path: a('settings/experiments') },
    { name: 'agency-rehearsals', path: a('rehearsals') },
    rehearsal && { name: 'agency-rehearsal', path: a(`rehearsals/${rehearsal.id}`) },
    { name: 'agency-users', path: a('users') },
    { name: 'agency-keys', path: a('settings/keys') },
    { name: 'agency-channels', path: a('settings/channels') },
    { name: 'agency-webhooks', path: a('settings/webhooks') },
    { name: 'agency-apps', path: a('settings/apps') },
    { name: 'overview', path: t('') },
    { name: 'approvals', path: t('approvals') },
    { name: 'inbox', path: t('inbox') },
    direct && { name: 'conversation-messages', path: t(`inbox/${direct.id}`) },
    thread && { name: 'conversation-comments', path: t(`inbox/${thread.id}`) },
    approval && { name: 'decision', path: t(`decisions/${approval.decision}`) },
    {
      name: 'ask',
      path: t('ask'),
      act: async (page) => {
        await page.getByRole('textbox', { name: 'Question' }).fill('What did you not do today, and why?');
        await page.keyboard.press('Enter');
        await page.getByText(/% sure/).waitFor();
      },
    },
    { name: 'leads', path: t('leads') },
    { name: 'calendar', path: t('content/calendar') },
    { name: 'board', path: t('content/board') },
    { name: 'media', path: t('content/media') },
    { name: 'templates', path: t('content/templates') },
    post && { name: 'post', path: t(`content/posts/${post.id}`) },
    { name: 'analytics', path: t('analytics') },
    { name: 'reports', path: t('reports') },
    { name: 'rules', path: t('rules') },
    rule && { name: 'rule', path: t(`rules/${rule.id}`) },
    { name: 'memory', path: t('memory') },
    { name: 'queue', path: t('queue') },
    { name: 'alerts', path: t('alerts') },
    { name: 'agents', path: t('agents') },
    { name: 'costs', path: t('costs') },
    { name: 'audit', path: t('audit') },
    { name: 'settings-general', path: t('settings/general') },
    { name: 'settings-accounts', path: t('settings/accounts') },
    { name: 'settings-behaviour', path: t('settings/behaviour') },
    { name: 'settings-prompts', path: t('settings/prompts') },
    { name: 'settings-learning', path: t('settings/learning') },
    { name: 'settings-channels', path: t('settings/channels') },
    {
      name: 'tenant-switcher',
      path: t(''),
      act: (page) => page.locator('header [aria-haspopup=dialog]').first().click(),
    },
    { name: 'palette', path: t(''), act: (page) => page.keyboard.press('Control+k') },
    { name: 'keys', path: t(''), act: (page) => page.keyboard.press('?') },
    {
      name: 'approval-edit',
      path: t('approvals'),
      act: (page) => page.getByRole('button', { name: 'Edit' }).first().click(),
    },
    {
      name: 'composer',
      path: t('content/calendar'),
      act: (page) => page.getByRole('button', { name: 'New post', exact: true }).click(),
    },
    {
      name: 'template-edit',
      path: t('content/templates'),
      act: (page) =>
        page
          .getByRole('button', { name: /^Edit / })
          .first()
          .click(),
    },
    {
      name: 'template-fill',
      path: t('content/templates'),
      act: (page) => page.getByRole('main').getByRole('button', { name: /^Use / }).first().click(),
    },
    {
      name: 'media-details',
      path: t('content/media'),
      act: (page) => page.getByText('spring.jpg').click(),
    },
    {
      name: 'best-times',
      path: t('analytics'),
      act: (page) => page.getByRole('tab', { name: 'Best times' }).click(),
    },
    {
      name: 'connect',
      path: t('settings/accounts'),
      act: (page) => page.getByRole('button', { name: 'Connect Instagram' }).first().click(),
    },
    {
      name: 'channel-dialog',
      path: t('settings/channels'),
      act: (page) => page.getByRole('button', { name: 'Add a channel' }).first().click(),
    },
    {
      name: 'webhook-deliveries',
      path: a('settings/webhooks'),
      act: async (page) => {
        await page.getByRole('button', { name: 'Deliveries' }).first().click();
        await page
          .getByRole('dialog')
          .getByRole('button', { name: /^Tries/ })
          .first()
          .click();
      },
    },
    {
      name: 'webhook-dialog',
      path: a('settings/webhooks'),
      act: (page) => page.getByRole('button', { name: 'Add a webhook' }).click(),
    },
    {
      name: 'webhook-secret',
      path: a('settings/webhooks'),
      act: (page) => page.getByRole('button', { name: 'New secret' }).first().click(),
    },
    {
      name: 'prompt-version',
      path: a('settings/prompts'),
      act: (page) => page.getByRole('button', { name: 'New version' }).click(),
    },
    {
      name: 'prompt-compare',
      path: a('settings/prompts'),
      act: (page) => page.getByRole('button', { name: 'Read and compare' }).first().click(),
    },
    {
      name: 'experiment-new',
      path: a('settings/experiments'),
      act: (page) => page.getByRole('button', { name: 'New experiment' }).click(),
    },
    {
      name: 'rehearsal-new',
      path: a('rehearsals'),
      act: (page) => page.getByRole('button', { name: 'New rehearsal' }).first().click(),
    },
    {
      name: 'invite',
      path: a('users'),
      act: (page) => page.getByRole('button', { name: 'Invite' }).click(),
    },
    {
      name: 'queue-all',
      path: t('queue'),
      act: (page) => page.getByRole('tab', { name: 'Everything' }).click(),
    },
  ].filter(Boolean);
}
