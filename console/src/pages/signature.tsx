import { Alert, Button, Group, PasswordInput, Stack, Text, Textarea } from '@mantine/core';
import { useState } from 'react';

import { Page, Section } from '../parts/layout';
import { judge, type Verdict } from '../signature';
import { texts } from '../texts';

const said = texts.signature;

/** Everything is computed in the browser: neither the secret nor the body is sent anywhere. */
export default function SignatureHelper() {
  const [headers, setHeaders] = useState('');
  const [body, setBody] = useState('');
  const [secret, setSecret] = useState('');
  const [verdict, setVerdict] = useState<Verdict | null>(null);
  return (
    <Page title={said.title} description={said.about}>
      <Section title={said.paste}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void judge(headers, body, secret.trim(), Date.now()).then(setVerdict);
          }}
        >
          <Stack>
            <Textarea
              label={said.headers}
              description={said.headersAbout}
              placeholder="X-FM-Webhook-Signature: t=1795257600,v1=…"
              autosize
              minRows={4}
              value={headers}
              onChange={(event) => setHeaders(event.currentTarget.value)}
              className="mono"
              required
            />
            <Textarea
              label={said.body}
              description={said.bodyAbout}
              autosize
              minRows={4}
              maxRows={16}
              value={body}
              onChange={(event) => setBody(event.currentTarget.value)}
              className="mono"
            />
            <PasswordInput
              label={said.secret}
              description={said.secretAbout}
              value={secret}
              onChange={(event) => setSecret(event.currentTarget.value)}
              autoComplete="off"
              required
            />
            {verdict && (
              <Alert color={verdict.matches ? 'teal' : 'red'} title={verdict.matches ? said.matches : said.differs} aria-live="polite">
                <Stack gap={4}>
                  {verdict.reasons.map((reason) => (
                    <Text key={reason} size="sm">
                      {said.reasons[reason]}
                    </Text>
                  ))}
                </Stack>
              </Alert>
            )}
            <Group>
              <Button type="submit">{said.check}</Button>
            </Group>
          </Stack>
        </form>
      </Section>
    </Page>
  );
}
