import { ActionIcon, Box, Button, Code, CopyButton, Group } from '@mantine/core';

import { texts } from '../texts';
import { CheckIcon, CopyIcon } from './icons';
import { Tip } from './tip';

export function Copy({ value, label = texts.actions.copy }: { value: string; label?: string }) {
  return (
    <CopyButton value={value} timeout={2000}>
      {({ copied, copy }) => (
        <Tip label={copied ? texts.actions.copied : label}>
          <ActionIcon variant="subtle" color={copied ? 'teal' : 'gray'} onClick={copy} aria-label={label}>
            {copied ? <CheckIcon /> : <CopyIcon />}
          </ActionIcon>
        </Tip>
      )}
    </CopyButton>
  );
}

export function CopyText({ value, label }: { value: string; label?: string }) {
  return (
    <Group gap={4} wrap="nowrap" miw={0}>
      <Code style={{ overflowWrap: 'anywhere' }}>{value}</Code>
      <Copy value={value} {...(label ? { label } : {})} />
    </Group>
  );
}

/** A block of code with a button that copies it, or `copies` where another text is meant. */
export function CodeBlock({ value, label, copies = value }: { value: string; label: string; copies?: string }) {
  return (
    <Box pos="relative">
      <Code block tabIndex={0} aria-label={label} className="code">
        {value}
      </Code>
      <Box pos="absolute" top={6} right={6}>
        <CopyButton value={copies} timeout={2000}>
          {({ copied, copy }) => (
            <Button size="compact-xs" variant="default" onClick={copy} aria-label={`${texts.actions.copy}: ${label}`}>
              {copied ? texts.actions.copied : texts.actions.copy}
            </Button>
          )}
        </CopyButton>
      </Box>
    </Box>
  );
}
