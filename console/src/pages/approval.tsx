import { Alert, Anchor, Stack } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { Link } from 'react-router';

import { api, body } from '../api/client';
import { useChange } from '../api/queries';
import { Failure, Page, Waiting } from '../parts/layout';
import { texts } from '../texts';

const said = texts.hub.approval;

/** Another product came back: its query goes to the API, once, and out of the address, since it holds a code. */
export default function Approval() {
  const [callback] = useState(() => window.location.search.slice(1));
  const handed = useRef(false);
  const { mutate, data, error } = useChange(
    (query: string) => body(api.POST('/v1/connections/callback', { body: { callback: query } })),
    { touches: [['connections']], quiet: true },
  );
  useEffect(() => {
    if (!callback || handed.current) return;
    handed.current = true;
    window.history.replaceState(window.history.state, '', window.location.pathname);
    mutate(callback);
  }, [callback, mutate]);
  return (
    <Page title={said.title} description={said.about}>
      <Stack>
        {!callback && <Alert title={said.failed}>{said.nothing}</Alert>}
        {callback && !data && !error && <Waiting />}
        {error && <Failure error={error} />}
        {data && (
          <Alert color="teal" title={said.done(data.name)}>
            {said.doneAbout}
          </Alert>
        )}
        <Anchor component={Link} to="/settings/integrations/connections" size="sm">
          {said.back}
        </Anchor>
      </Stack>
    </Page>
  );
}
