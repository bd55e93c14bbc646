import { NumberInput, Stack, Switch } from '@mantine/core';
import { useForm } from '@mantine/form';

import { api, body, type Schemas } from '../api/client';
import { useWorkspace } from '../api/queries';
import { Loaded, Page } from '../parts/layout';
import { Settings } from '../parts/settings';
import { workspace as said } from '../texts/workspace';

type Values = { disable_webhooks_after: number | ''; probe_webhooks: boolean; allows_overrides: boolean };

const LABELS: Record<keyof Values, string> = {
  disable_webhooks_after: said.after,
  probe_webhooks: said.probe,
  allows_overrides: said.overrides,
};

/** The settings that hold for all webhooks of the workspace. */
export default function Workspace() {
  const query = useWorkspace();
  return (
    <Page title={said.title} description={said.about}>
      <Loaded query={query}>{(workspace) => <WorkspaceSettings key={JSON.stringify(workspace)} workspace={workspace} />}</Loaded>
    </Page>
  );
}

function WorkspaceSettings({ workspace }: { workspace: Schemas['WorkspaceOut'] }) {
  const { disable_webhooks_after, probe_webhooks, allows_overrides } = workspace;
  const before: Values = { disable_webhooks_after, probe_webhooks, allows_overrides };
  const form = useForm<Values>({ initialValues: before });
  return (
    <Settings
      form={form}
      before={before}
      labels={LABELS}
      mayWrite
      input={(values) => values}
      edit={(changed) => body(api.PATCH('/v1/workspace', { body: changed }))}
      touches={[['workspace']]}
      done={said.saved}
    >
      <Stack gap="md">
        <NumberInput label={said.after} description={said.afterAbout} min={5} max={100} required {...form.getInputProps('disable_webhooks_after')} />
        <Switch label={said.probe} description={said.probeAbout} {...form.getInputProps('probe_webhooks', { type: 'checkbox' })} />
        <Switch label={said.overrides} description={said.overridesAbout} {...form.getInputProps('allows_overrides', { type: 'checkbox' })} />
      </Stack>
    </Settings>
  );
}
