import { Grid, NavLink, Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'react-router-dom';
import classes from './SettingsFrame.module.css';

export interface SettingsPart {
  path: string;
  label: string;
  show: ReactNode;
}

/** Settings in parts, each with an address of its own. */
export function SettingsFrame({
  base,
  parts,
  current,
}: {
  base: string;
  parts: SettingsPart[];
  current: string;
}) {
  const open = parts.find((it) => it.path === current) ?? parts[0];
  return (
    <Grid gutter="lg">
      <Grid.Col span={{ base: 12, md: 3 }}>
        <nav className={classes.parts} aria-label="Settings">
          {parts.map((it) => (
            <NavLink
              key={it.path}
              component={Link}
              to={`${base}/${it.path}`}
              label={it.label}
              active={it.path === open?.path}
              aria-current={it.path === open?.path ? 'page' : undefined}
              className={classes.part}
              py={6}
            />
          ))}
        </nav>
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 9 }}>
        <Stack>{open?.show}</Stack>
      </Grid.Col>
    </Grid>
  );
}
