import { Button, type ButtonProps } from '@mantine/core';
import type { ReactNode } from 'react';
import { aMoment } from './press';
import { useSteady } from './useSteady';

/**
 * A button that closes what is shown only once. It takes the place of the one that was just pressed, whose second click
 * must not close it.
 */
export function SteadyButton(props: ButtonProps & { onClick: () => void; children: ReactNode }) {
  const { isSteady } = useSteady('', aMoment);
  return <Button {...props} onClick={() => isSteady() && props.onClick()} />;
}
