import { Group, Switch, TextInput } from '@mantine/core';
import type { Settings } from '@/api/types';

/** The hours in which nothing is sent, by the tenant's clock. */
export function QuietHours(props: {
  form: Settings;
  change: (part: Partial<Settings>) => void;
  isDisabled: boolean;
  error?: string;
}) {
  const quiet = props.form.quiet_hours;
  return (
    <Group align="flex-end">
      <Switch
        label="Quiet hours"
        disabled={props.isDisabled}
        checked={quiet != null}
        onChange={(event) =>
          props.change({
            quiet_hours: event.currentTarget.checked ? { from: '22:00', until: '07:00' } : null,
          })
        }
      />
      {quiet != null && (
        <>
          <TextInput
            type="time"
            label="From"
            disabled={props.isDisabled}
            value={quiet.from}
            onChange={(event) => props.change({ quiet_hours: { ...quiet, from: event.currentTarget.value } })}
            error={props.error}
          />
          <TextInput
            type="time"
            label="Until"
            disabled={props.isDisabled}
            value={quiet.until}
            onChange={(event) =>
              props.change({ quiet_hours: { ...quiet, until: event.currentTarget.value } })
            }
          />
        </>
      )}
    </Group>
  );
}
