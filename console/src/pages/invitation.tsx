import { Alert, Button, PasswordInput, Stack } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { Navigate } from 'react-router';

import { api, ApiError, body, type Schemas } from '../api/client';
import { session } from '../api/session';
import { useToken } from '../api/use_token';
import { Failure } from '../parts/layout';
import { texts } from '../texts';
import { Door, SignIn } from './sign_in';

const said = texts.invitation;

/** The invitation is behind the # of the address, which browsers do not send to any server. */
export default function Invitation() {
  const [invitation] = useState(() => window.location.hash.slice(1));
  const [accepted, setAccepted] = useState<Schemas['AcceptedOut'] | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const signedIn = useToken() !== null;
  const form = useForm({
    initialValues: { password: '', again: '' },
    validate: {
      password: (value) => (value.length < 12 ? said.short : null),
      again: (value, values) => (value === values.password ? null : said.different),
    },
  });

  async function submit(password: string) {
    setBusy(true);
    setError(null);
    try {
      const answer = await body(api.POST('/v1/invitations/accept', { body: { token: invitation, password } }));
      window.history.replaceState(null, '', window.location.pathname);
      if (answer.session) session.begin(answer.session.token);
      else session.end(null); // a second factor is asked for first
      setAccepted(answer);
    } catch (caught) {
      const refused = caught as ApiError;
      setError(refused);
      form.setErrors(refused.fields);
    }
    setBusy(false);
  }

  if (accepted !== null) {
    if (signedIn) return <Navigate to="/settings/overview" replace />;
    return <SignIn email={accepted.email} workspace={accepted.workspace_id} notice={said.done} />;
  }
  return (
    <Door title={said.title} about={said.about}>
      {invitation === '' && <Alert color="red">{said.incomplete}</Alert>}
      {error && !error.fields.password && <Failure error={error} />}
      <form onSubmit={form.onSubmit(({ password }) => void submit(password))}>
        <Stack>
          <PasswordInput
            label={said.password}
            description={said.rules}
            autoComplete="new-password"
            required
            autoFocus
            {...form.getInputProps('password')}
          />
          <PasswordInput label={said.again} autoComplete="new-password" required {...form.getInputProps('again')} />
          <Button type="submit" loading={busy} disabled={invitation === ''}>
            {said.submit}
          </Button>
        </Stack>
      </form>
    </Door>
  );
}
