import { Badge, Text } from '@mantine/core';

import type { Schemas } from '../api/client';
import { texts } from '../texts';
import { Tip } from './tip';

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];
const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

export function relative(time: string, now = Date.now()): string {
  const seconds = (new Date(time).getTime() - now) / 1000;
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) return RELATIVE.format(Math.round(seconds / size), unit);
  }
  return seconds > 5 ? RELATIVE.format(Math.round(seconds), 'second') : texts.now;
}

export function isPast(time: string): boolean {
  return new Date(time).getTime() < Date.now();
}

export function utc(time: string): string {
  return `${time.replace('T', ' ').replace(/(\.\d+)?Z$/, '')} UTC`;
}

/** A text of the API that begins in the middle of a sentence, as one of its own. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** An event as people say it: what a person is told has a name; what a program gets keeps its word in the API. */
export function eventName(type: string): string {
  return (texts.notifications.types as Record<string, string>)[type] ?? type;
}

/** A time as people say it, with the exact one on hover and on focus. */
export function Time({ at, otherwise = texts.never }: { at: string | null; otherwise?: string }) {
  if (at === null) return <Text span size="sm" c="dimmed">{otherwise}</Text>;
  return (
    <Tip label={utc(at)} everywhere>
      <time dateTime={at} className="time">
        {relative(at)}
      </time>
    </Tip>
  );
}

const COLORS: Record<string, string> = {
  active: 'teal',
  enabled: 'teal',
  delivered: 'teal',
  done: 'teal',
  sent: 'teal',
  accepted: 'teal',
  retrying: 'yellow',
  expired: 'gray',
  cancelled: 'gray',
  revoked: 'gray',
  inactive: 'gray',
  disabled: 'red',
  broken: 'red',
  waiting: 'yellow',
  needs_reconnecting: 'red',
  exhausted: 'red',
  failed: 'red',
  refused: 'red',
};

export function State({ of, label }: { of: string; label?: string }) {
  return (
    <Badge color={COLORS[of] ?? 'blue'} variant="light" radius="sm" className="state">
      {label ?? texts.states[of] ?? of}
    </Badge>
  );
}

export function outcome(attempt: Schemas['AttemptOut']): string {
  if (attempt.status) return String(attempt.status);
  return attempt.error ?? (attempt.outcome === 'open' ? texts.deliveries.underWay : attempt.outcome);
}

export function lastOutcome(delivery: Schemas['DeliveryOut']): string {
  const last = delivery.attempts.at(-1);
  return last ? outcome(last) : '—';
}

export function shortUrl(url: string): string {
  return url.replace(/^https?:\/\//, '');
}
