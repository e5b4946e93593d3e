import {
  ActionIcon,
  Avatar,
  Menu,
  Text,
  Tooltip,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconDevices, IconKeyboard, IconLogout, IconMoon, IconSun } from '@tabler/icons-react';
import { lazy, Suspense } from 'react';
import { useSession } from '@/session/SessionProvider';

const SessionsDialog = lazy(() => import('@/account/SessionsDialog'));

export function ThemeSwitch() {
  const { setColorScheme } = useMantineColorScheme();
  const isDark = useComputedColorScheme('light') === 'dark';
  const label = isDark ? 'Use the light theme' : 'Use the dark theme';
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label={label}
        onClick={() => setColorScheme(isDark ? 'light' : 'dark')}
      >
        {isDark ? <IconSun size={18} aria-hidden /> : <IconMoon size={18} aria-hidden />}
      </ActionIcon>
    </Tooltip>
  );
}

/** Two letters, as people write them on name plates. */
const initials = (name: string) => {
  const parts = name.trim().split(/\s+/);
  return `${parts[0]?.[0] ?? ''}${parts.length > 1 ? (parts.at(-1)?.[0] ?? '') : ''}`.toUpperCase();
};

export function UserMenu({ openHelp }: { openHelp: () => void }) {
  const { session, leave } = useSession();
  const [isListing, sessions] = useDisclosure(false);
  return (
    <>
      <Menu position="bottom-end" width={240}>
        <Menu.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            radius="xl"
            aria-label={`${initials(session.user.name)}, menu of ${session.user.name}`}
          >
            <Avatar size={28} radius="xl" color="brand">
              {initials(session.user.name)}
            </Avatar>
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>
            <Text size="sm" fw={550} c="var(--mantine-color-text)" className="clip">
              {session.user.name}
            </Text>
            <Text size="xs" className="clip">
              {session.user.email}
            </Text>
          </Menu.Label>
          <Menu.Divider />
          <Menu.Item leftSection={<IconDevices size={16} aria-hidden />} onClick={sessions.open}>
            Your sessions
          </Menu.Item>
          <Menu.Item leftSection={<IconKeyboard size={16} aria-hidden />} onClick={openHelp}>
            Keyboard shortcuts
          </Menu.Item>
          <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => void leave()}>
            Sign out
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {isListing && (
        <Suspense fallback={null}>
          <SessionsDialog onClose={sessions.close} />
        </Suspense>
      )}
    </>
  );
}
