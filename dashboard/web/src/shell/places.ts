import {
  IconActivityHeartbeat,
  IconAlertTriangle,
  IconBuilding,
  IconCalendar,
  IconChartLine,
  IconChecks,
  IconCoin,
  IconGauge,
  IconInbox,
  IconListCheck,
  IconListSearch,
  IconMessageQuestion,
  IconPhoto,
  IconReportAnalytics,
  IconRoute,
  IconSend,
  IconSettings,
  IconTemplate,
  IconTestPipe,
  IconUserStar,
  IconUsers,
  IconBrain,
  type Icon,
} from '@tabler/icons-react';
import type { Ability } from '@/session/permissions';

export interface Place {
  path: string;
  label: string;
  icon: Icon;
  /** Pressed after “g”. */
  key?: string;
  needs: Ability | 'client';
}

export interface PlaceGroup {
  label: string | null;
  places: Place[];
}

/** Pages of one tenant. Clients see what they approve and read. */
export const tenantPlaces: PlaceGroup[] = [
  {
    label: null,
    places: [
      { path: '', label: 'Overview', icon: IconGauge, key: 'o', needs: 'view' },
      { path: 'approvals', label: 'Approvals', icon: IconChecks, key: 'a', needs: 'view' },
      { path: 'inbox', label: 'Inbox', icon: IconInbox, key: 'i', needs: 'view' },
      { path: 'leads', label: 'Leads', icon: IconUserStar, needs: 'view' },
      { path: 'ask', label: 'Ask why', icon: IconMessageQuestion, key: 'w', needs: 'view' },
    ],
  },
  {
    label: 'Content',
    places: [
      { path: 'content/calendar', label: 'Calendar', icon: IconCalendar, key: 'c', needs: 'client' },
      { path: 'content/board', label: 'Board', icon: IconListCheck, key: 'b', needs: 'client' },
      { path: 'content/media', label: 'Media library', icon: IconPhoto, key: 'm', needs: 'client' },
      { path: 'content/templates', label: 'Templates', icon: IconTemplate, needs: 'view' },
    ],
  },
  {
    label: 'Results',
    places: [
      { path: 'analytics', label: 'Analytics', icon: IconChartLine, key: 'n', needs: 'client' },
      { path: 'reports', label: 'Reports', icon: IconReportAnalytics, needs: 'client' },
    ],
  },
  {
    label: 'Behaviour',
    places: [
      { path: 'rules', label: 'Rules', icon: IconRoute, key: 'r', needs: 'view' },
      { path: 'memory', label: 'Memory', icon: IconBrain, needs: 'view' },
    ],
  },
  {
    label: 'Operations',
    places: [
      { path: 'queue', label: 'Queue', icon: IconSend, key: 'q', needs: 'view' },
      { path: 'alerts', label: 'Alerts', icon: IconAlertTriangle, key: 'l', needs: 'view' },
      { path: 'agents', label: 'Agents', icon: IconActivityHeartbeat, needs: 'view' },
      { path: 'costs', label: 'Costs', icon: IconCoin, needs: 'view' },
      { path: 'audit', label: 'Audit log', icon: IconListSearch, needs: 'view' },
      { path: 'settings', label: 'Settings', icon: IconSettings, key: 's', needs: 'view' },
    ],
  },
];

export const agencyPlaces: PlaceGroup[] = [
  {
    label: null,
    places: [
      { path: '', label: 'Overview', icon: IconGauge, key: 'o', needs: 'view' },
      { path: 'tenants', label: 'Tenants', icon: IconBuilding, key: 't', needs: 'view' },
      { path: 'alerts', label: 'Alerts', icon: IconAlertTriangle, key: 'l', needs: 'view' },
      { path: 'costs', label: 'Costs and budgets', icon: IconCoin, needs: 'view' },
      { path: 'audit', label: 'Audit log', icon: IconListSearch, needs: 'view' },
      { path: 'rehearsals', label: 'Rehearsals', icon: IconTestPipe, needs: 'view' },
    ],
  },
  {
    label: 'Administration',
    places: [
      { path: 'users', label: 'Users', icon: IconUsers, key: 'u', needs: 'manage' },
      { path: 'settings', label: 'Settings', icon: IconSettings, key: 's', needs: 'manage' },
    ],
  },
];
