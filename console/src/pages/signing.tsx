import { Anchor, Stack, Tabs, Text } from '@mantine/core';
import { Link } from 'react-router';

import go from '../../../docs/snippets/verify.go?raw';
import node from '../../../docs/snippets/verify.mjs?raw';
import php from '../../../docs/snippets/verify.php?raw';
import python from '../../../docs/snippets/verify.py?raw';
import ruby from '../../../docs/snippets/verify.rb?raw';
import shell from '../../../docs/snippets/verify.sh?raw';
import fluxdeskGo from '../../../docs/snippets/verify_fluxdesk.go?raw';
import fluxdeskNode from '../../../docs/snippets/verify_fluxdesk.mjs?raw';
import fluxdeskPhp from '../../../docs/snippets/verify_fluxdesk.php?raw';
import fluxdeskPython from '../../../docs/snippets/verify_fluxdesk.py?raw';
import fluxdeskRuby from '../../../docs/snippets/verify_fluxdesk.rb?raw';
import fluxdeskShell from '../../../docs/snippets/verify_fluxdesk.sh?raw';
import type { Schemas } from '../api/client';
import type { Webhook } from '../api/webhooks';
import { CodeBlock } from '../parts/copy';
import { Section } from '../parts/layout';
import { texts } from '../texts';

const said = texts.webhooks;
/** Whole programs that verify a signature, by language; the tests run them. `standard` has libraries of its own. */
const PROGRAMS: Partial<Record<Schemas['Signature'], Record<string, string>>> = {
  fm: { Python: python, 'Node.js': node, Go: go, Ruby: ruby, PHP: php, Shell: shell },
  fluxdesk: {
    Python: fluxdeskPython,
    'Node.js': fluxdeskNode,
    Go: fluxdeskGo,
    Ruby: fluxdeskRuby,
    PHP: fluxdeskPhp,
    Shell: fluxdeskShell,
  },
};

/** How to verify each signature of a webhook. */
export function Signing({ webhook }: { webhook: Webhook }) {
  const shown = webhook.signatures.map((signature) => PROGRAMS[signature]).find(Boolean);
  return (
    <Section title={said.verify} about={said.verifyAbout}>
      <Stack gap={4}>
        {webhook.signatures.map((signature) => (
          <Text key={signature} size="sm">
            {said.signatures[signature]}
          </Text>
        ))}
        <Anchor component={Link} to="/settings/integrations/signature" size="sm" underline="always">
          {said.toHelper}
        </Anchor>
      </Stack>
      {shown && <Programs of={shown} />}
    </Section>
  );
}

function Programs({ of }: { of: Record<string, string> }) {
  return (
    <Tabs defaultValue="Python" keepMounted={false}>
      <Tabs.List>
        {Object.keys(of).map((language) => (
          <Tabs.Tab key={language} value={language}>
            {language}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {Object.entries(of).map(([language, code]) => (
        <Tabs.Panel key={language} value={language} pt="sm">
          <CodeBlock value={code} label={language} />
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}
