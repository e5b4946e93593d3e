import '@mantine/spotlight/styles.css';
import { useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { Spotlight, type SpotlightActionGroupData } from '@mantine/spotlight';
import { IconBuilding, IconLogout, IconMoon, IconSearch, IconSun } from '@tabler/icons-react';
import { useNavigate } from 'react-router-dom';
import { useSession } from '@/session/SessionProvider';
import type { Place } from './places';
import { useTenants } from './useTenants';

/** Everything by name: pages of this place, tenants, and a few actions. */
export function CommandPalette(props: { base: string; places: Place[]; openHelp: () => void }) {
  const navigate = useNavigate();
  const { tenants } = useTenants();
  const { leave } = useSession();
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const other = scheme === 'dark' ? 'light' : 'dark';

  const groups: SpotlightActionGroupData[] = [
    {
      group: 'Pages',
      actions: props.places.map((place) => ({
        id: `place-${place.path}`,
        label: place.label,
        leftSection: <place.icon size={18} aria-hidden />,
        onClick: () => navigate(`${props.base}${place.path === '' ? '' : `/${place.path}`}`),
      })),
    },
    {
      group: 'Tenants',
      actions: tenants.map((tenant) => ({
        id: `tenant-${tenant.id}`,
        label: tenant.name,
        description: tenant.detail,
        leftSection: <IconBuilding size={18} aria-hidden />,
        onClick: () => navigate(`/tenants/${tenant.id}`),
      })),
    },
    {
      group: 'Actions',
      actions: [
        {
          id: 'theme',
          label: `Switch to the ${other} theme`,
          leftSection:
            other === 'dark' ? <IconMoon size={18} aria-hidden /> : <IconSun size={18} aria-hidden />,
          onClick: () => setColorScheme(other),
        },
        { id: 'help', label: 'Keyboard shortcuts', onClick: props.openHelp },
        {
          id: 'leave',
          label: 'Sign out',
          leftSection: <IconLogout size={18} aria-hidden />,
          onClick: () => void leave(),
        },
      ],
    },
  ];

  return (
    <Spotlight
      actions={groups}
      shortcut={['mod + K']}
      limit={30}
      maxHeight={420}
      scrollable
      highlightQuery
      nothingFound="Nothing has this name"
      searchProps={{
        leftSection: <IconSearch size={18} aria-hidden />,
        placeholder: 'Search pages and tenants',
        'aria-label': 'Search pages and tenants',
      }}
    />
  );
}
