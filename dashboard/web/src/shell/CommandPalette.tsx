import '@mantine/spotlight/styles.css';
import { Modal, useComputedColorScheme, useMantineColorScheme, VisuallyHidden } from '@mantine/core';
import { Spotlight } from '@mantine/spotlight';
import {
  IconBuilding,
  IconKeyboard,
  IconLogout,
  IconMoon,
  IconSearch,
  IconSun,
  type Icon,
} from '@tabler/icons-react';
import { useState } from 'react';
import { useNavigate } from 'react-router-dom';
import { useSession } from '@/session/SessionProvider';
import type { Place } from './places';
import { matching, useTenants } from './useTenants';

interface Command {
  id: string;
  label: string;
  detail?: string;
  icon: Icon;
  run: () => void;
}

const mostTenants = 8;

/** Everything by name: pages of this place, tenants, and a few actions. */
export function CommandPalette(props: { base: string; places: Place[]; openHelp: () => void }) {
  const [query, setQuery] = useState('');
  const navigate = useNavigate();
  const { tenants } = useTenants();
  const { leave } = useSession();
  const { setColorScheme } = useMantineColorScheme();
  const other = useComputedColorScheme('light') === 'dark' ? 'light' : 'dark';

  const pages = props.places.map((place): Command => ({
    id: `place-${place.path}`,
    label: place.label,
    icon: place.icon,
    run: () => navigate(`${props.base}${place.path === '' ? '' : `/${place.path}`}`),
  }));
  const actions: Command[] = [
    {
      id: 'theme',
      label: `Switch to the ${other} theme`,
      icon: other === 'dark' ? IconMoon : IconSun,
      run: () => setColorScheme(other),
    },
    { id: 'help', label: 'Keyboard shortcuts', icon: IconKeyboard, run: props.openHelp },
    { id: 'leave', label: 'Sign out', icon: IconLogout, run: () => void leave() },
  ];
  const wanted = query.trim().toLocaleLowerCase();
  const named = (list: Command[]) => list.filter((it) => it.label.toLocaleLowerCase().includes(wanted));
  const groups: [string, Command[]][] = [
    ['Pages', named(pages)],
    [
      'Tenants',
      matching(tenants, query)
        .slice(0, mostTenants)
        .map((it): Command => ({
          id: it.id,
          label: it.name,
          detail: it.detail,
          icon: IconBuilding,
          run: () => navigate(`/tenants/${it.id}`),
        })),
    ],
    ['Actions', named(actions)],
  ];
  const found = groups.filter(([, list]) => list.length > 0);

  return (
    <Spotlight.Root query={query} onQueryChange={setQuery} shortcut={['mod + K']} maxHeight={420} scrollable>
      <VisuallyHidden>
        <Modal.Title>Search pages and tenants</Modal.Title>
      </VisuallyHidden>
      <Spotlight.Search
        leftSection={<IconSearch size={18} aria-hidden />}
        placeholder="Search pages and tenants"
        aria-label="Search pages and tenants"
      />
      <Spotlight.ActionsList>
        {found.map(([label, list]) => (
          <Spotlight.ActionsGroup key={label} label={label}>
            {list.map((it) => (
              <Spotlight.Action
                key={it.id}
                label={it.label}
                description={it.detail}
                leftSection={<it.icon size={18} aria-hidden />}
                onClick={it.run}
              />
            ))}
          </Spotlight.ActionsGroup>
        ))}
        {found.length === 0 && <Spotlight.Empty>Nothing has this name</Spotlight.Empty>}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}
