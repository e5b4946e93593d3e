import { Grid, NavLink, Stack } from '@mantine/core';
import { useEffect, useRef, type ReactNode } from 'react';
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
  const nav = useRef<HTMLElement>(null);
  // Where the parts stand beside each other, the open one may be out of sight.
  useEffect(() => {
    const part = nav.current?.querySelector<HTMLElement>('[aria-current]');
    if (nav.current && part) nav.current.scrollLeft = part.offsetLeft - nav.current.offsetLeft - 16;
  }, [current]);
  return (
    <Grid gutter="lg">
      <Grid.Col span={{ base: 12, md: 3 }}>
        <nav ref={nav} className={classes.parts} aria-label="Settings">
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
