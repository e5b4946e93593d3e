import '@mantine/dates/styles.css';
import { DateTimePicker, type DateTimePickerProps } from '@mantine/dates';

/** A day and a time by some clock, as `2026-03-01 10:00:00`; every part of it has a name. */
export function MomentPicker(props: DateTimePickerProps) {
  return (
    <DateTimePicker
      valueFormat="D MMM YYYY HH:mm"
      timePickerProps={{ hoursInputLabel: 'Hours', minutesInputLabel: 'Minutes' }}
      submitButtonProps={{ 'aria-label': 'Use this time' }}
      clearButtonProps={{ 'aria-label': 'No time' }}
      ariaLabels={{ previousMonth: 'Month before', nextMonth: 'Month after' }}
      {...props}
    />
  );
}
