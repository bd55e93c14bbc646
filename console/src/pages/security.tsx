import { Alert, Anchor, Button, Group, Modal, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';

import { api, body, done, type Schemas } from '../api/client';
import { useChange, useListing, useMe } from '../api/queries';
import { CodeBlock, CopyText } from '../parts/copy';
import { Dialog } from '../parts/dialogs';
import { showFieldErrors } from '../parts/field_errors';
import { Refused } from '../parts/form';
import { Empty, Page, Section } from '../parts/layout';
import { List } from '../parts/list';
import { relative, State, Time } from '../parts/values';
import { texts } from '../texts';

const said = texts.security;

export default function Security() {
  return (
    <Page title={said.title} description={said.about}>
      <Password />
      <Email />
      <SecondFactor />
      <Sessions />
    </Page>
  );
}

/** Sends a form, and shows a refusal at the field that it is about. */
function useSubmit<Values extends Record<string, unknown>, Out>(
  form: ReturnType<typeof useForm<Values>>,
  send: (values: Values) => Promise<Out>,
  finished: (out: Out) => void,
  message?: string,
) {
  const change = useChange(send, { touches: [['me'], ['sessions']], quiet: true, ...(message ? { done: message } : {}) });
  async function submit(values: Values) {
    try {
      const out = await change.mutateAsync(values);
      form.reset();
      finished(out);
    } catch (error) {
      showFieldErrors(form, error);
    }
  }
  const general = <Refused error={change.error} values={form.values} />;
  return { submit: form.onSubmit((values) => void submit(values)), busy: change.isPending, general };
}

function Password() {
  const form = useForm({ initialValues: { current_password: '', new_password: '' } });
  const { submit, busy, general } = useSubmit(
    form,
    (values) => done(api.POST('/v1/me/password', { body: values })),
    () => undefined,
    said.passwordChanged,
  );
  return (
    <Section title={said.password} about={said.passwordAbout}>
      <form onSubmit={submit}>
        <Stack className="narrow">
          {general}
          <PasswordInput label={said.current} autoComplete="current-password" required {...form.getInputProps('current_password')} />
          <PasswordInput
            label={said.fresh}
            description={texts.invitation.rules}
            autoComplete="new-password"
            required
            {...form.getInputProps('new_password')}
          />
          <Group>
            <Button type="submit" loading={busy}>
              {said.changePassword}
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  );
}

function Email() {
  const me = useMe().data;
  const form = useForm({ initialValues: { email: '', current_password: '' } });
  const { submit, busy, general } = useSubmit(
    form,
    (values) => body(api.POST('/v1/me/email', { body: values })),
    () => undefined,
    said.emailChanged,
  );
  return (
    <Section title={said.email} about={said.emailAbout(me?.user.email ?? '')}>
      <form onSubmit={submit}>
        <Stack className="narrow">
          {general}
          <TextInput label={said.newEmail} type="email" required {...form.getInputProps('email')} />
          <PasswordInput label={said.current} autoComplete="current-password" required {...form.getInputProps('current_password')} />
          <Group>
            <Button type="submit" variant="default" loading={busy}>
              {said.changeEmail}
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  );
}

function SecondFactor() {
  const known = useMe().data?.user.sign_in; // only an admin is told
  const [enrolling, setEnrolling] = useState(false);
  const [removing, setRemoving] = useState(false);
  const [pending, setPending] = useState<Schemas['TotpOut'] | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  return (
    <Section title={said.factor} about={said.factorAbout}>
      <Group>
        {known && <State of={known.second_factor ? 'active' : 'inactive'} label={known.second_factor ? said.factorOn : said.factorOff} />}
        {!known?.second_factor && (
          <Button variant="default" onClick={() => setEnrolling(true)}>
            {said.enrol}
          </Button>
        )}
        {known?.second_factor !== false && (
          <Button variant="subtle" color="red" onClick={() => setRemoving(true)}>
            {said.removeFactor}
          </Button>
        )}
      </Group>
      <Modal opened={enrolling} onClose={() => setEnrolling(false)} title={said.enrol}>
        {enrolling &&
          (codes ? (
            <RecoveryCodes
              codes={codes}
              stored={() => {
                setCodes(null);
                setPending(null);
                setEnrolling(false);
              }}
            />
          ) : pending ? (
            <Verify pending={pending} verified={setCodes} />
          ) : (
            <Begin begun={setPending} />
          ))}
      </Modal>
      <Dialog opened={removing} close={() => setRemoving(false)} title={said.removeFactor}>
        <RemoveFactor close={() => setRemoving(false)} />
      </Dialog>
    </Section>
  );
}

export function RecoveryCodes({ codes, stored }: { codes: string[]; stored: () => void }) {
  return (
    <Stack>
      <Alert color="yellow">{said.codesAbout}</Alert>
      <CodeBlock value={codes.join('\n')} label={said.codes} />
      <Button onClick={stored}>{texts.secret.stored}</Button>
    </Stack>
  );
}

export function Begin({ begun }: { begun: (pending: Schemas['TotpOut']) => void }) {
  const form = useForm({ initialValues: { current_password: '' } });
  const { submit, busy, general } = useSubmit(form, (values) => body(api.POST('/v1/me/totp', { body: values })), begun);
  return (
    <form onSubmit={submit}>
      <Stack>
        {general}
        <PasswordInput label={said.current} autoComplete="current-password" required data-autofocus {...form.getInputProps('current_password')} />
        <Button type="submit" loading={busy}>
          {said.next}
        </Button>
      </Stack>
    </form>
  );
}

export function Verify({ pending, verified }: { pending: Schemas['TotpOut']; verified: (codes: string[]) => void }) {
  const form = useForm({ initialValues: { code: '' } });
  const { submit, busy, general } = useSubmit(
    form,
    (values) => body(api.POST('/v1/me/totp/verify', { body: values })),
    (out) => verified(out.recovery_codes),
  );
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">{said.scan}</Text>
        <img className="qr" src={`data:image/svg+xml,${encodeURIComponent(pending.qr_svg)}`} alt={said.qr} width={180} height={180} />
        <CopyText value={pending.secret} />
        <Anchor href={pending.uri} size="sm">
          {said.openApp}
        </Anchor>
        {general}
        <TextInput
          label={texts.signIn.code}
          inputMode="numeric"
          autoComplete="one-time-code"
          maxLength={6}
          required
          {...form.getInputProps('code')}
        />
        <Button type="submit" loading={busy}>
          {said.activate}
        </Button>
      </Stack>
    </form>
  );
}

function RemoveFactor({ close }: { close: () => void }) {
  const form = useForm({ initialValues: { current_password: '', code: '' } });
  const { submit, busy, general } = useSubmit(
    form,
    (values) => {
      const isCode = /^\d{6}$/.test(values.code);
      return done(
        api.DELETE('/v1/me/totp', {
          body: {
            current_password: values.current_password,
            ...(isCode ? { code: values.code } : { recovery_code: values.code }),
          },
        }),
      );
    },
    close,
    said.factorRemoved,
  );
  return (
    <form onSubmit={submit}>
      <Stack>
        {general}
        <PasswordInput label={said.current} autoComplete="current-password" required data-autofocus {...form.getInputProps('current_password')} />
        <TextInput label={said.codeOrRecovery} required {...form.getInputProps('code')} />
        <Button type="submit" color="red" loading={busy}>
          {said.removeFactor}
        </Button>
      </Stack>
    </form>
  );
}

const BROWSERS = { 'Edg/': 'Edge', 'OPR/': 'Opera', 'Firefox/': 'Firefox', 'Chrome/': 'Chrome', 'Safari/': 'Safari' };
const SYSTEMS = { iPhone: 'iPhone', iPad: 'iPad', Android: 'Android', Windows: 'Windows', 'Mac OS X': 'macOS', Linux: 'Linux' };

/** A program as people call it: “Firefox on Windows”. One that is not known is shown as it named itself. */
function browserName(agent: string | null): string {
  const [browser, system] = [BROWSERS, SYSTEMS].map((known) => Object.entries(known).find(([word]) => agent?.includes(word))?.[1]);
  return browser && system ? said.browserOn(browser, system) : (agent ?? said.unknownBrowser);
}

function Sessions() {
  const listing = useListing<Schemas['SessionOut']>(['sessions'], (cursor) =>
    body(api.GET('/v1/sessions', { params: { query: { cursor } } })),
  );
  const end = useChange(
    (session_id: string) => done(api.DELETE('/v1/sessions/{session_id}', { params: { path: { session_id } } })),
    { touches: [['sessions']], done: said.sessionEnded },
  );
  return (
    <Section title={said.sessions} about={said.sessionsAbout}>
      <List
        label={said.sessions}
        listing={listing}
        id={(one) => one.id}
        columns={[
          { title: said.browser, wide: true, cell: (one) => <Text size="sm" title={one.user_agent ?? ''}>{browserName(one.user_agent)}</Text> },
          { title: said.from, cell: (one) => <Text size="sm">{one.ip ?? '—'}</Text> },
          { title: said.since, cell: (one) => <Time at={one.created_at} /> },
          {
            title: said.endSession,
            hideTitle: true,
            cell: (one) =>
              one.current ? (
                <State of="active" label={said.thisOne} />
              ) : (
                <Button size="compact-sm" variant="default" onClick={() => end.mutate(one.id)} aria-label={`${said.endSession}: ${browserName(one.user_agent)}, ${relative(one.created_at)}`}>
                  {said.endSession}
                </Button>
              ),
          },
        ]}
        empty={<Empty title={said.sessions} about={said.sessionsAbout} />}
      />
    </Section>
  );
}
