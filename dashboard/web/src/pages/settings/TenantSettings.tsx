import { useParams } from 'react-router-dom';
import { useTenant } from '@/shell/where';
import { PageHeader } from '@/ui/pieces';
import { Accounts } from './Accounts';
import { Behaviour } from './Behaviour';
import { Channels } from './Channels';
import { General } from './General';
import { LearningPart } from './LearningPart';
import { SettingsFrame } from './SettingsFrame';
import { TenantPrompts } from './TenantPrompts';

export function Component() {
  const tenant = useTenant();
  const { section = 'general' } = useParams();
  return (
    <>
      <PageHeader title="Settings" lead={tenant.name} />
      <SettingsFrame
        base={tenant.path('settings')}
        current={section}
        parts={[
          { path: 'general', label: 'General', show: <General /> },
          { path: 'accounts', label: 'Accounts', show: <Accounts /> },
          { path: 'behaviour', label: 'Voice and behaviour', show: <Behaviour /> },
          { path: 'prompts', label: 'Prompts', show: <TenantPrompts /> },
          { path: 'learning', label: 'Learning', show: <LearningPart /> },
          {
            path: 'channels',
            label: 'Channels to people',
            show: <Channels scope={{ tenant: tenant.id }} mayEdit={tenant.may('manage')} />,
          },
        ]}
      />
    </>
  );
}
