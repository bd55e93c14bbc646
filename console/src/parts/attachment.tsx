import { Anchor, Stack, Text } from '@mantine/core';

import type { Schemas } from '../api/client';
import { leads } from './links';
import { Markdown, MessageText } from './message_text';

/** A box below a message, as its sender meant it. Pictures are not loaded: their hosts would learn who reads. */
export function AttachmentView({ attachment }: { attachment: Schemas['AttachmentOut'] }) {
  const { color, pretext, author_name, title, title_link, text, fallback, fields, footer } = attachment;
  const bare = !title && !text && !pretext && fields.length === 0;
  const shown = text ?? (bare ? fallback : null);
  return (
    <Stack gap={2} mt={6} miw={0}>
      {pretext && <MessageText>{pretext}</MessageText>}
      <Stack gap={2} className="attachment" style={color ? { borderColor: NAMED[color] ?? color } : {}}>
        {author_name && <Text size="xs" c="dimmed">{author_name}</Text>}
        {title && (
          <Text size="sm" fw={600}>
            {title_link && leads(title, title_link) ? (
              <Anchor href={title_link} target="_blank" rel="noreferrer" inherit>
                {title}
              </Anchor>
            ) : (
              title
            )}
          </Text>
        )}
        {shown && <MessageText>{shown}</MessageText>}
        {fields.map((field, index) => (
          <Text key={index} size="sm">
            <b>{field.title}</b> <Markdown>{String(field.value)}</Markdown>
          </Text>
        ))}
        {footer && <Text size="xs" c="dimmed">{footer}</Text>}
      </Stack>
    </Stack>
  );
}

const NAMED: Record<string, string> = {
  good: 'var(--mantine-color-teal-6)',
  warning: 'var(--mantine-color-yellow-6)',
  danger: 'var(--mantine-color-red-6)',
};
