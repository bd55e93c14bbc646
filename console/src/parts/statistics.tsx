import { Group, Skeleton, Stack, Text, VisuallyHidden } from '@mantine/core';
import { queryOptions, useQuery } from '@tanstack/react-query';

import { api, type ApiError, body, type Schemas } from '../api/client';
import type { Page } from '../api/queries';
import { MOST_COUNTED } from '../early';
import { texts } from '../texts';
import { Tip } from './tip';
import { utc } from './values';

const said = texts.webhooks;
const HOUR = 3_600_000;
const HOURS = 24;
const DAY_HEIGHT = 173; // pixels of the chart of a day, with its words

export type Counts = { delivered: number; failed: number; waiting: number };
/** Those of one webhook; `first` is when the first hour of the day began, in milliseconds. */
type Statistics = Schemas['StatisticsOut'] & { first: number };

/** How the deliveries of each webhook, or of one, ended in the last day. */
export function useStatistics(webhook_id?: string, enabled = true) {
  return useQuery({ ...statisticsQuery(webhook_id), refetchInterval: 60_000, enabled });
}

export function statisticsQuery(webhook_id?: string) {
  return queryOptions<Page<Statistics>, ApiError>({
    queryKey: ['statistics', webhook_id ?? 'all'],
    queryFn: async () => {
      const page = await body(api.GET('/v1/deliveries/statistics', { params: { query: { webhook_id, limit: MOST_COUNTED } } }));
      const first = Math.floor(Date.now() / HOUR) * HOUR - (HOURS - 1) * HOUR;
      return { ...page, items: page.items.map((one) => ({ ...one, first })) };
    },
  });
}

/** The counts of several webhooks together. */
export function together(all: Statistics[]): Counts & Pick<Statistics, 'hours' | 'first'> {
  const hours = new Map<string, Schemas['HourOut']>();
  for (const { at, ...counts } of all.flatMap((one) => one.hours)) hours.set(at, { at, ...plus(hours.get(at), counts) });
  return { ...all.reduce<Counts>(plus, { delivered: 0, failed: 0, waiting: 0 }), hours: [...hours.values()], first: all[0]?.first ?? 0 };
}

function plus(one: Counts | undefined, other: Counts): Counts {
  return {
    delivered: (one?.delivered ?? 0) + other.delivered,
    failed: (one?.failed ?? 0) + other.failed,
    waiting: (one?.waiting ?? 0) + other.waiting,
  };
}

/** The share of deliveries that arrived, rounded down: 100 % is said only of all. */
function rateOf({ delivered, failed }: Counts): string | null {
  const over = delivered + failed;
  return over === 0 ? null : `${Math.floor((1000 * delivered) / over) / 10} %`;
}

/** A webhook's day in a line: a small chart, and how much arrived. */
export function Rate({ statistics }: { statistics: Statistics | undefined }) {
  if (statistics === undefined) return null;
  if (statistics.delivered + statistics.failed + statistics.waiting === 0) {
    return <Text size="xs" c="dimmed">{said.noneToday}</Text>;
  }
  const counts = said.counts(statistics.delivered, statistics.failed, statistics.waiting);
  const since = statistics.complete ? '' : ` ${said.countedSince(utc(statistics.since))}`;
  return (
    <Tip label={counts + since}>
      <Group gap={8} wrap="nowrap" w="fit-content">
        <Bars hours={statistics.hours} first={statistics.first} height={22} width={3} gap={1} />
        <Text size="sm" className="nowrap rate">
          {rateOf(statistics) ?? said.waiting(statistics.waiting)}
        </Text>
        <VisuallyHidden>{counts}</VisuallyHidden>
      </Group>
    </Tip>
  );
}

/** Each hour of the last day as a bar: what arrived, what did not, what waits. It takes the same room while it loads. */
export function Day({ statistics }: { statistics: ReturnType<typeof together> | null }) {
  if (!statistics) return <Skeleton height={DAY_HEIGHT} aria-busy="true" />;
  const rate = rateOf(statistics);
  return (
    <Stack gap="sm">
      <Group gap="lg">
        {rate && <Text fw={700} fz={22}>{rate}</Text>}
        <Text size="sm" c="dimmed">{said.counts(statistics.delivered, statistics.failed, statistics.waiting)}</Text>
      </Group>
      <Bars hours={statistics.hours} first={statistics.first} height={96} gap={4} labels />
      <Group justify="space-between" aria-hidden="true">
        <Text size="xs" c="dimmed">{said.dayAgo}</Text>
        <Text size="xs" c="dimmed">{said.thisHour}</Text>
      </Group>
    </Stack>
  );
}

/** From the bottom of a bar to its top. */
const KINDS: [keyof Counts, string][] = [
  ['delivered', 'var(--mantine-color-teal-7)'],
  ['failed', 'var(--mantine-color-red-7)'],
  ['waiting', 'var(--mantine-color-blue-5)'],
];

/** Plain elements: a list of webhooks shows hundreds of bars. */
function Bars({ hours, first, height, width, gap, labels = false }: {
  hours: Schemas['HourOut'][];
  first: number;
  height: number;
  width?: number;
  gap: number;
  labels?: boolean;
}) {
  const found = new Map(hours.map((hour) => [new Date(hour.at).getTime(), hour]));
  const most = Math.max(1, ...hours.map((hour) => hour.delivered + hour.failed + hour.waiting));
  const share = (count: number) => (100 * count) / most;
  return (
    <div className="hours" style={{ gap, height }} aria-hidden="true">
      {Array.from({ length: HOURS }, (_, number) => {
        const hour = found.get(first + number * HOUR);
        const bar = (
          <span key={number} className="hour" style={{ flex: width ? `0 0 ${width}px` : 1 }}>
            {hour && KINDS.map(([kind, color]) => <i key={kind} style={{ height: `${share(hour[kind])}%`, background: color }} />)}
          </span>
        );
        if (!labels || !hour) return bar;
        return (
          <Tip key={number} label={said.hour(utc(hour.at), said.counts(hour.delivered, hour.failed, hour.waiting))}>
            {bar}
          </Tip>
        );
      })}
    </div>
  );
}
