import { ActionIcon, Box, Button, Group, Input } from '@mantine/core';
import { IconArrowLeft, IconArrowRight, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { MediaPicker } from './MediaPicker';
import { Thumb } from './Thumb';

/** The files of a post in their order, which can be changed without a mouse. */
export function ChosenMedia(props: {
  media: string[];
  most: number;
  onChange: (media: string[]) => void;
  error?: string;
}) {
  const [isPicking, setPicking] = useState(false);
  const { media } = props;
  const move = (from: number, to: number) => {
    const next = [...media];
    const [taken] = next.splice(from, 1);
    if (taken !== undefined) next.splice(to, 0, taken);
    props.onChange(next);
  };
  return (
    <Input.Wrapper label="Files" error={props.error} labelElement="div">
      <Group gap="sm" mt={4}>
        {media.map((id, index) => (
          <Box key={id}>
            <Thumb media={id} size={84} />
            <Group gap={2} justify="center" mt={4}>
              {index > 0 && (
                <ActionIcon
                  size="sm"
                  variant="default"
                  aria-label={`Move file ${index + 1} forward`}
                  onClick={() => move(index, index - 1)}
                >
                  <IconArrowLeft size={13} aria-hidden />
                </ActionIcon>
              )}
              <ActionIcon
                size="sm"
                variant="default"
                aria-label={`Take file ${index + 1} out`}
                onClick={() => props.onChange(media.filter((it) => it !== id))}
              >
                <IconX size={13} aria-hidden />
              </ActionIcon>
              {index < media.length - 1 && (
                <ActionIcon
                  size="sm"
                  variant="default"
                  aria-label={`Move file ${index + 1} back`}
                  onClick={() => move(index, index + 1)}
                >
                  <IconArrowRight size={13} aria-hidden />
                </ActionIcon>
              )}
            </Group>
          </Box>
        ))}
        <Button variant="default" onClick={() => setPicking(true)}>
          {media.length === 0 ? 'Choose files' : 'Change'}
        </Button>
      </Group>
      {isPicking && (
        <MediaPicker
          chosen={media}
          most={props.most}
          onChange={props.onChange}
          onClose={() => setPicking(false)}
        />
      )}
    </Input.Wrapper>
  );
}
