import { Button, Group, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { type ReactNode, useState } from 'react';
import { useSearchParams } from 'react-router';

import { texts } from '../texts';
import { Cross2Icon, MagnifyingGlassIcon } from './icons';

/** Filters that live in the address, so that a filtered list can be sent to a colleague. */
export function useFilters() {
  const [parameters, setParameters] = useSearchParams();
  return {
    get: (name: string) => parameters.get(name) ?? '',
    set: (name: string, value: string | null) =>
      setParameters(
        (before) => {
          const after = new URLSearchParams(before);
          if (value) after.set(name, value);
          else after.delete(name);
          return after;
        },
        { replace: true },
      ),
    clear: (names: string[]) =>
      setParameters(
        (before) => {
          const after = new URLSearchParams(before);
          names.forEach((name) => after.delete(name));
          return after;
        },
        { replace: true },
      ),
  };
}

export type Filters = ReturnType<typeof useFilters>;

export function SearchFilter({ filters, name, label }: { filters: Filters; name: string; label: string }) {
  const [typed, setTyped] = useState(filters.get(name));
  const settle = useDebouncedCallback((value: string) => filters.set(name, value), 300);
  return (
    <TextInput
      type="search"
      aria-label={label}
      placeholder={label}
      leftSection={<MagnifyingGlassIcon />}
      value={typed}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        settle(event.currentTarget.value);
      }}
      w={{ xs: 240 }}
    />
  );
}

export function ChoiceFilter({ filters, name, label, any, choices }: {
  filters: Filters;
  name: string;
  label: string;
  any: string;
  choices: { value: string; label: string }[];
}) {
  return (
    <Select
      aria-label={label}
      placeholder={any}
      data={choices}
      value={filters.get(name) || null}
      onChange={(value) => filters.set(name, value)}
      clearable
      clearButtonProps={{ 'aria-label': texts.actions.clear }}
      w={{ xs: 170 }}
    />
  );
}

export function FilterBar({ filters, names, children }: { filters: Filters; names: string[]; children: ReactNode }) {
  const active = names.some((name) => filters.get(name));
  return (
    <Group gap="xs" role="search" className="filters">
      {children}
      {active && (
        <Button variant="subtle" color="gray" leftSection={<Cross2Icon />} onClick={() => filters.clear(names)}>
          {texts.actions.clear}
        </Button>
      )}
    </Group>
  );
}

export function choices(labels: Record<string, string>): { value: string; label: string }[] {
  return Object.entries(labels).map(([value, label]) => ({ value, label }));
}
