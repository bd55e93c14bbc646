import { MultiSelect, NumberInput, PasswordInput, Select, Switch, TagsInput, TextInput } from '@mantine/core';

import { useChats } from '../api/queries';
import { choices } from './filters';
import { named } from './options';
import { ReceiverUrl } from './receiver_url';

/*
 * Fields drawn from a JSON Schema. Chats are chosen by name: the API's ids say which thing they are of.
 */
type Schema = {
  $ref?: string;
  anyOf?: Schema[];
  type?: string;
  title?: string;
  description?: string;
  default?: unknown;
  enum?: string[];
  items?: Schema;
  pattern?: string;
  format?: string;
  minimum?: number;
  maximum?: number;
  writeOnly?: boolean;
};
export type FormSchema = Schema & { properties?: Record<string, Schema>; required?: string[]; $defs?: Record<string, Schema> };
export type FormValues = Record<string, unknown>;

const CHAT = '^cht_';

/** A property with its references followed, and `null` as "may be left empty". */
function resolved(schema: FormSchema, property: Schema): Schema {
  const target = property.$ref ? schema.$defs?.[property.$ref.split('/').at(-1) ?? ''] : undefined;
  const whole: Schema = { ...(target ? resolved(schema, target) : {}), ...property };
  const other = whole.anyOf?.find((one) => one.type !== 'null');
  const flat = other ? { ...resolved(schema, other), ...whole } : whole;
  return flat.items ? { ...flat, items: resolved(schema, flat.items) } : flat;
}

/** The values that a form begins with: those that there are, else the schema's defaults. */
export function initialValues(schema: FormSchema, present: FormValues = {}): FormValues {
  return Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([name, property]) => {
      const { type, default: otherwise } = resolved(schema, property);
      return [name, present[name] ?? otherwise ?? (type === 'array' ? [] : type === 'boolean' ? false : '')];
    }),
  );
}

/** The values as the API takes them: empty ones that need not be there are left out. */
export function filled(schema: FormSchema, values: FormValues): FormValues {
  const given = ([name, value]: [string, unknown]) =>
    (schema.required ?? []).includes(name) || !(value === '' || value === null || (Array.isArray(value) && value.length === 0));
  return Object.fromEntries(Object.entries(values).filter(given));
}

export function SchemaFields({ schema, values, change, errors }: {
  schema: FormSchema;
  values: FormValues;
  change: (name: string, value: unknown) => void;
  errors: Record<string, string>;
}) {
  const chats = named(useChats());
  return Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const { type, title, description, items, pattern, enum: allowed, format, minimum, maximum, writeOnly } = resolved(schema, property);
    const shared = {
      label: title ?? name,
      description,
      required: (schema.required ?? []).includes(name),
      error: errors[name],
    };
    if (type === 'array') {
      const offered = items?.pattern?.startsWith(CHAT) ? chats : items?.enum && { data: items.enum };
      if (!offered) {
        return <TagsInput key={name} {...shared} value={values[name] as string[]} onChange={(value) => change(name, value)} />;
      }
      return (
        <MultiSelect key={name} {...shared} {...offered} searchable value={values[name] as string[]} onChange={(value) => change(name, value)} />
      );
    }
    if (type === 'boolean') {
      return (
        <Switch
          key={name}
          label={shared.label}
          description={description}
          error={shared.error}
          checked={values[name] === true}
          onChange={(event) => change(name, event.currentTarget.checked)}
        />
      );
    }
    if (type === 'integer' || type === 'number') {
      const limits = { ...(minimum === undefined ? {} : { min: minimum }), ...(maximum === undefined ? {} : { max: maximum }) };
      return (
        <NumberInput key={name} {...shared} {...limits} value={values[name] as number | string} onChange={(value) => change(name, value)} />
      );
    }
    if (pattern?.startsWith(CHAT) || allowed) {
      const offered = allowed ? { data: choices(Object.fromEntries(allowed.map((one) => [one, one]))) } : chats;
      return (
        <Select
          key={name}
          {...shared}
          {...offered}
          searchable
          allowDeselect={false}
          value={(values[name] as string) || null}
          onChange={(value) => change(name, value ?? '')}
        />
      );
    }
    if (format === 'uri') {
      return <ReceiverUrl key={name} {...shared} value={values[name] as string} onChange={(event) => change(name, event.currentTarget.value)} />;
    }
    if (writeOnly) {
      return (
        <PasswordInput
          key={name}
          {...shared}
          autoComplete="off"
          value={values[name] as string}
          onChange={(event) => change(name, event.currentTarget.value)}
        />
      );
    }
    return (
      <TextInput
        key={name}
        {...shared}
        value={values[name] as string}
        onChange={(event) => change(name, event.currentTarget.value)}
      />
    );
  });
}
