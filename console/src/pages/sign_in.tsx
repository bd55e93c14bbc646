import { Alert, Anchor, Button, Card, Center, Checkbox, Group, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { type ReactNode, useState } from 'react';

import { api, ApiError, body, SECOND_FACTOR } from '../api/client';
import { session } from '../api/session';
import logo from '../favicon.svg';
import { Failure } from '../parts/failure';
import { texts } from '../texts';

const said = texts.signIn;

/** The frame of the screens that need no session. */
export function Door({ title, about, children }: { title: string; about?: string; children: ReactNode }) {
  return (
    <Center mih="100vh" p="md" component="main">
      <title>{`${title} · ${texts.product}`}</title>
      <Stack className="narrow" gap="lg">
        <Group gap={10} justify="center">
          <img src={logo} alt="" width={36} height={36} />
          <Text fw={700} fz={22}>
            {texts.product}
          </Text>
        </Group>
        <Card withBorder padding="xl" radius="lg" shadow="sm">
          <Stack>
            <div>
              <Title order={1} fz={20}>
                {title}
              </Title>
              {about && (
                <Text size="sm" c="dimmed" mt={4}>
                  {about}
                </Text>
              )}
            </div>
            {children}
          </Stack>
        </Card>
      </Stack>
    </Center>
  );
}

export function SignIn({ email = '', workspace = '', notice }: { email?: string; workspace?: string; notice?: string }) {
  const form = useForm({ initialValues: { email, password: '', workspace_id: workspace, code: '', recovery: '', test: false } });
  const [several, setSeveral] = useState(false); // whether the person has to name a workspace
  const [step, setStep] = useState<'password' | 'code' | 'recovery'>('password');
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const ending = session.ending();

  async function submit(values: typeof form.values) {
    setBusy(true);
    setError(null);
    try {
      const created = await body(
        api.POST('/v1/sessions', {
          body: {
            email: values.email.trim(),
            password: values.password,
            livemode: !values.test,
            ...(values.workspace_id.trim() ? { workspace_id: values.workspace_id.trim() } : {}),
            ...(step === 'code' ? { code: values.code.trim() } : {}),
            ...(step === 'recovery' ? { recovery_code: values.recovery.trim() } : {}),
          },
        }),
      );
      session.begin(created.token);
    } catch (caught) {
      const refused = caught as ApiError;
      if (refused.kind === SECOND_FACTOR && step === 'password') setStep('code');
      else {
        if (refused.fields.workspace_id) setSeveral(true);
        // The API's words for a wrong password name a field of its own.
        const wrong = refused.status === 401 && step === 'password';
        setError(wrong ? new ApiError(refused.status, refused.kind, said.wrong, refused.requestId) : refused);
        form.setErrors(refused.fields);
      }
      setBusy(false);
      return;
    }
  }

  return (
    <Door title={step === 'password' ? said.title : said.secondFactor} {...(step === 'code' ? { about: said.codeAbout } : {})}>
      {notice && !error && <Alert color="teal">{notice}</Alert>}
      {ending === 'expired' && !error && <Alert color="yellow">{said.expired}</Alert>}
      {error && Object.keys(error.fields).length === 0 && <Failure error={error} />}
      <form onSubmit={form.onSubmit((values) => void submit(values))}>
        <Stack>
          {step === 'password' && (
            <>
              <TextInput
                type="email"
                label={said.email}
                autoComplete="username"
                required
                autoFocus={!email}
                {...form.getInputProps('email')}
              />
              <PasswordInput
                label={said.password}
                autoComplete="current-password"
                required
                autoFocus={Boolean(email)}
                {...form.getInputProps('password')}
              />
              {several && (
                <TextInput
                  label={said.workspace}
                  description={said.workspaceAbout}
                  placeholder="wsp_…"
                  autoComplete="off"
                  {...form.getInputProps('workspace_id')}
                />
              )}
              {error?.status === 401 && !several && (
                <Anchor component="button" type="button" size="sm" ta="left" onClick={() => setSeveral(true)}>
                  {said.several}
                </Anchor>
              )}
              <Checkbox
                label={said.testMode}
                description={said.testModeAbout}
                {...form.getInputProps('test', { type: 'checkbox' })}
              />
            </>
          )}
          {step === 'code' && (
            <TextInput
              key="code"
              label={said.code}
              inputMode="numeric"
              autoComplete="one-time-code"
              pattern="[0-9]{6}"
              maxLength={6}
              required
              autoFocus
              {...form.getInputProps('code')}
            />
          )}
          {step === 'recovery' && (
            <TextInput
              key="recovery"
              label={said.recovery}
              autoComplete="off"
              required
              autoFocus
              {...form.getInputProps('recovery')}
            />
          )}
          <Button type="submit" loading={busy} fullWidth>
            {step === 'password' ? said.submit : said.verify}
          </Button>
          {step !== 'password' && (
            <Anchor component="button" type="button" size="sm" onClick={() => setStep(step === 'code' ? 'recovery' : 'code')}>
              {step === 'code' ? said.useRecovery : said.useCode}
            </Anchor>
          )}
          {step === 'password' && (
            <Text size="xs" c="dimmed">
              {said.forgot}
            </Text>
          )}
        </Stack>
      </form>
    </Door>
  );
}
