import {
  ActionIcon,
  AppShell,
  Box,
  Burger,
  Group,
  Kbd,
  NavLink,
  ScrollArea,
  Text,
  Tooltip,
  UnstyledButton,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { spotlight } from '@mantine/spotlight';
import { IconSearch } from '@tabler/icons-react';
import { Suspense, useEffect, useRef, type ReactNode } from 'react';
import { Link, Outlet, useLocation, useNavigate } from 'react-router-dom';
import { Logo } from '@/ui/Logo';
import { Loading } from '@/ui/states';
import { CommandPalette } from './CommandPalette';
import classes from './Frame.module.css';
import { OfflineBar } from './OfflineBar';
import type { Place, PlaceGroup } from './places';
import { ShortcutHelp } from './ShortcutHelp';
import { useShortcuts } from './shortcuts';
import { ThemeSwitch, UserMenu } from './UserMenu';

interface FrameProps {
  /** Where the pages of this frame begin, such as `/tenants/ten_…`. */
  base: string;
  groups: PlaceGroup[];
  switcher: ReactNode;
  status?: ReactNode;
  /** Numbers beside places, by path. */
  counts?: Record<string, number>;
  above?: { to: string; label: string };
}

export function Frame(props: FrameProps) {
  const [isMenuOpen, menu] = useDisclosure(false);
  const [isHelpOpen, help] = useDisclosure(false);
  const { pathname } = useLocation();
  const navigate = useNavigate();
  const main = useRef<HTMLElement>(null);
  const places = props.groups.flatMap((group) => group.places);

  useShortcuts({
    '?': help.open,
    ...Object.fromEntries(
      places.flatMap((it) =>
        it.key === undefined ? [] : [[`g ${it.key}`, () => navigate(link(props.base, it))]],
      ),
    ),
  });

  const closeMenu = menu.close;
  useEffect(closeMenu, [pathname, closeMenu]);

  return (
    <AppShell
      header={{ height: 54 }}
      navbar={{ width: 224, breakpoint: 'sm', collapsed: { mobile: !isMenuOpen } }}
      padding={{ base: 'md', sm: 'lg' }}
    >
      <a
        className="skip-link"
        href="#content"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to the content
      </a>
      <AppShell.Header className={classes.header}>
        <Group h="100%" px="md" gap="sm" wrap="nowrap">
          <Burger
            opened={isMenuOpen}
            onClick={menu.toggle}
            hiddenFrom="sm"
            size="sm"
            aria-label={isMenuOpen ? 'Close the menu' : 'Open the menu'}
          />
          <Link to="/" aria-label="Troupe, first page" className={classes.logo}>
            <Logo />
          </Link>
          {props.switcher}
          <Box flex={1} />
          {props.status}
          <UnstyledButton className={classes.search} onClick={spotlight.open} visibleFrom="md">
            <IconSearch size={15} aria-hidden />
            <span>Search</span>
            <Kbd size="xs">Ctrl K</Kbd>
          </UnstyledButton>
          <Tooltip label="Search">
            <ActionIcon
              variant="subtle"
              color="gray"
              size="lg"
              aria-label="Search"
              onClick={spotlight.open}
              hiddenFrom="md"
            >
              <IconSearch size={18} aria-hidden />
            </ActionIcon>
          </Tooltip>
          <ThemeSwitch />
          <UserMenu openHelp={help.open} />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className={classes.navbar}>
        <AppShell.Section grow component={ScrollArea} type="hover" scrollbarSize={6} px="xs" py="sm">
          {props.above !== undefined && (
            <NavLink
              component={Link}
              to={props.above.to}
              label={props.above.label}
              className={classes.above}
            />
          )}
          {props.groups.map((group) => (
            <Box key={group.label ?? ''} mb="sm">
              {group.label !== null && (
                <Text size="xs" c="dimmed" fw={600} px="sm" mb={2}>
                  {group.label}
                </Text>
              )}
              {group.places.map((place) => (
                <PlaceLink
                  key={place.path}
                  place={place}
                  base={props.base}
                  count={props.counts?.[place.path] ?? 0}
                />
              ))}
            </Box>
          ))}
        </AppShell.Section>
      </AppShell.Navbar>
      <AppShell.Main id="content" ref={main} tabIndex={-1} className={classes.main}>
        <OfflineBar />
        <Box maw={1320} mx="auto">
          <Suspense fallback={<Loading />}>
            <Outlet />
          </Suspense>
        </Box>
      </AppShell.Main>
      <CommandPalette base={props.base} places={places} openHelp={help.open} />
      <ShortcutHelp opened={isHelpOpen} onClose={help.close} groups={props.groups} />
    </AppShell>
  );
}

const link = (base: string, place: Place) => (place.path === '' ? base : `${base}/${place.path}`);

function PlaceLink({ place, base, count }: { place: Place; base: string; count: number }) {
  const { pathname } = useLocation();
  const to = link(base, place);
  const isActive = place.path === '' ? pathname === base : pathname === to || pathname.startsWith(`${to}/`);
  return (
    <NavLink
      component={Link}
      to={to}
      active={isActive}
      aria-current={isActive ? 'page' : undefined}
      label={place.label}
      leftSection={<place.icon size={17} stroke={1.7} aria-hidden />}
      rightSection={
        count > 0 ? (
          <span className={classes.count} aria-label={`${count} waiting`}>
            {count > 99 ? '99+' : count}
          </span>
        ) : undefined
      }
      className={classes.place}
    />
  );
}
