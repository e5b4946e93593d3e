import { Anchor, Center } from '@mantine/core';
import { createBrowserRouter, Navigate, Outlet, useRouteError, type RouteObject } from 'react-router-dom';
import { SessionProvider, useSession } from '@/session/SessionProvider';
import { firstPage } from '@/session/permissions';
import { Notice, NothingHere } from '@/ui/states';

function FirstPage() {
  const { session } = useSession();
  return <Navigate to={firstPage(session)} replace />;
}

function Nothing() {
  return (
    <Center h="100vh">
      <NothingHere />
    </Center>
  );
}

/** A page that broke, or one whose file is gone because a newer version was installed. */
function Broken() {
  const error = useRouteError();
  const isOld = error instanceof TypeError && /import|fetch/i.test(error.message);
  return (
    <Center mih="60vh" p="md">
      <Notice
        tone="bad"
        title={isOld ? 'This page has changed' : 'This page does not work'}
        action={<Anchor onClick={() => window.location.reload()}>Reload</Anchor>}
      >
        {isOld
          ? 'A newer version was installed. Reload to use it.'
          : 'Reload the page. If it happens again, tell whoever runs this installation.'}
      </Notice>
    </Center>
  );
}

const SignedIn = () => (
  <SessionProvider>
    <Outlet />
  </SessionProvider>
);

const tenantPages: RouteObject[] = [
  { index: true, lazy: () => import('@/pages/overview/TenantOverview') },
  { path: 'approvals', lazy: () => import('@/pages/approvals/ApprovalsPage') },
  { path: 'inbox', lazy: () => import('@/pages/inbox/InboxPage') },
  { path: 'inbox/:conversation', lazy: () => import('@/pages/inbox/InboxPage') },
  { path: 'leads', lazy: () => import('@/pages/leads/LeadsPage') },
  { path: 'ask', lazy: () => import('@/pages/ask/AskPage') },
  { path: 'decisions/:decision', lazy: () => import('@/pages/decisions/DecisionPage') },
  { path: 'content/calendar', lazy: () => import('@/pages/content/CalendarPage') },
  { path: 'content/board', lazy: () => import('@/pages/content/BoardPage') },
  { path: 'content/media', lazy: () => import('@/pages/content/MediaPage') },
  { path: 'content/templates', lazy: () => import('@/pages/content/TemplatesPage') },
  { path: 'content/posts/:post', lazy: () => import('@/pages/content/PostPage') },
  { path: 'analytics', lazy: () => import('@/pages/analytics/AnalyticsPage') },
  { path: 'reports', lazy: () => import('@/pages/reports/ReportsPage') },
  { path: 'rules', lazy: () => import('@/pages/rules/RulesPage') },
  { path: 'rules/:rule', lazy: () => import('@/pages/rules/RulePage') },
  { path: 'memory', lazy: () => import('@/pages/memory/MemoryPage') },
  { path: 'queue', lazy: () => import('@/pages/queue/QueuePage') },
  { path: 'alerts', lazy: () => import('@/pages/alerts/TenantAlerts') },
  { path: 'agents', lazy: () => import('@/pages/agents/AgentsPage') },
  { path: 'costs', lazy: () => import('@/pages/costs/TenantCosts') },
  { path: 'audit', lazy: () => import('@/pages/audit/TenantAudit') },
  { path: 'settings', lazy: () => import('@/pages/settings/TenantSettings') },
  { path: 'settings/:section', lazy: () => import('@/pages/settings/TenantSettings') },
];

const agencyPages: RouteObject[] = [
  { index: true, lazy: () => import('@/pages/overview/AgencyOverview') },
  { path: 'tenants', lazy: () => import('@/pages/tenants/TenantsPage') },
  { path: 'alerts', lazy: () => import('@/pages/alerts/AgencyAlerts') },
  { path: 'costs', lazy: () => import('@/pages/costs/AgencyCosts') },
  { path: 'audit', lazy: () => import('@/pages/audit/AgencyAudit') },
  { path: 'rehearsals', lazy: () => import('@/pages/rehearsals/RehearsalsPage') },
  { path: 'rehearsals/:rehearsal', lazy: () => import('@/pages/rehearsals/RehearsalPage') },
  { path: 'users', lazy: () => import('@/pages/users/UsersPage') },
  { path: 'settings', lazy: () => import('@/pages/settings/AgencySettings') },
  { path: 'settings/:section', lazy: () => import('@/pages/settings/AgencySettings') },
];

const guarded = (pages: RouteObject[]): RouteObject[] => [
  { errorElement: <Broken />, children: [...pages, { path: '*', element: <Nothing /> }] },
];

export const router = createBrowserRouter(
  [
    { path: '/forgot', lazy: () => import('@/session/ForgotPage') },
    { path: '/sign-in', lazy: () => import('@/session/LinkPage') },
    { path: '/reset', lazy: () => import('@/session/ResetPage') },
    { path: '/invitation', lazy: () => import('@/session/InvitationPage') },
    {
      element: <SignedIn />,
      errorElement: <Broken />,
      children: [
        { path: '/', element: <FirstPage /> },
        { path: '/setup', element: <FirstPage /> },
        {
          path: '/agencies/:agency',
          lazy: () => import('@/shell/AgencyLayout'),
          children: guarded(agencyPages),
        },
        {
          path: '/tenants/:tenant',
          lazy: () => import('@/shell/TenantLayout'),
          children: guarded(tenantPages),
        },
        { path: '*', element: <Nothing /> },
      ],
    },
  ],
  { future: { v7_relativeSplatPath: true } },
);
