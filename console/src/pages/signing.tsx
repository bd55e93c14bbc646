import { Anchor, Stack, Tabs, Text } from '@mantine/core';
import { Link } from 'react-router';

import go from '../../../docs/snippets/verify.go?raw';
import node from '../../../docs/snippets/verify.mjs?raw';
import php from '../../../docs/snippets/verify.php?raw';
import python from '../../../docs/snippets/verify.py?raw';
import ruby from '../../../docs/snippets/verify.rb?raw';
import shell from '../../../docs/snippets/verify.sh?raw';
import type { Webhook } from '../api/webhooks';
import { CodeBlock } from '../parts/copy';
import { Section } from '../parts/layout';
import { texts } from '../texts';

const said = texts.webhooks;
const LANGUAGES = { Python: python, 'Node.js': node, Go: go, Ruby: ruby, PHP: php, Shell: shell };

/** How to verify each signature of a webhook. */
export function Signing({ webhook }: { webhook: Webhook }) {
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
      {webhook.signatures.includes('fm') && <Programs />}
    </Section>
  );
}

/** Whole programs that verify the signature `fm`; the tests run them. */
function Programs() {
  return (
    <Tabs defaultValue="Python" keepMounted={false}>
      <Tabs.List>
        {Object.keys(LANGUAGES).map((language) => (
          <Tabs.Tab key={language} value={language}>
            {language}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {Object.entries(LANGUAGES).map(([language, code]) => (
        <Tabs.Panel key={language} value={language} pt="sm">
          <CodeBlock value={code} label={language} />
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}
