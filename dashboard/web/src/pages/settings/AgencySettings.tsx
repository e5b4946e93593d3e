import { useParams } from 'react-router-dom';
import { useAgency } from '@/shell/AgencyLayout';
import { PageHeader } from '@/ui/pieces';
import { Apps } from './Apps';
import { Channels } from './Channels';
import { Experiments } from './Experiments';
import { Keys } from './Keys';
import { Prompts } from './Prompts';
import { SettingsFrame } from './SettingsFrame';
import { Webhooks } from './Webhooks';

export function Component() {
  const agency = useAgency();
  const { section = 'keys' } = useParams();
  return (
    <>
      <PageHeader title="Settings" lead={agency.name} />
      <SettingsFrame
        base={agency.path('settings')}
        current={section}
        parts={[
          { path: 'keys', label: 'API keys', show: <Keys /> },
          {
            path: 'channels',
            label: 'Channels to people',
            show: <Channels scope={{ agency: agency.id }} mayEdit={agency.may('manage')} />,
          },
          { path: 'webhooks', label: 'Webhooks', show: <Webhooks /> },
          { path: 'apps', label: 'Meta apps', show: <Apps /> },
          { path: 'prompts', label: 'Prompts', show: <Prompts /> },
          { path: 'experiments', label: 'Experiments', show: <Experiments /> },
        ]}
      />
    </>
  );
}
