import type { Schemas } from '../api/client';

/** The texts about when a notification is sent: once, before something begins, or again and again. */
export const repeats = {
  when: 'Send it',
  whens: {
    now: 'Now',
    at: 'Once, at a time',
    before: 'Before something begins, such as a meeting',
    weekly: 'Every week',
  },
  at: 'Time',
  browserTime: (zone: string) => `In the time of your browser, ${zone}`,
  starts: 'Begins at',
  minutes: 'Minutes before',
  minutesAbout: 'How long before that time it is sent',
  on: 'On',
  weekdays: {
    monday: 'Monday',
    tuesday: 'Tuesday',
    wednesday: 'Wednesday',
    thursday: 'Thursday',
    friday: 'Friday',
    saturday: 'Saturday',
    sunday: 'Sunday',
  } satisfies Record<Schemas['Weekday'], string>,
  clock: 'Time of day',
  zone: 'Time zone',
  zoneAbout: 'Its clock counts, also when it changes to summer time',
  scheduled: 'The notification is scheduled',
  rule: (days: string, at: string, zone: string) => `${days} at ${at}, ${zone}`,
  early: (minutes: number) => (minutes === 1 ? '1 minute before' : `${minutes} minutes before`),
  starting: 'begins',
  endSeries: 'End the repetition',
  ended: 'It is not sent again',
};
