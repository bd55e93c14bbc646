import { Button, Center, Group } from '@mantine/core';
import { Link, useRouteError } from 'react-router';

import { Empty, Page } from '../parts/layout';
import { texts } from '../texts';

export function Missing() {
  return (
    <Page title={texts.missing.title} description={texts.missing.about}>
      <Group>
        <Button component={Link} to="/settings/overview" variant="default">
          {texts.missing.home}
        </Button>
      </Group>
    </Page>
  );
}

/** A screen that could not be loaded, mostly because a newer release took its file away. */
export function Broken() {
  const error = useRouteError();
  return (
    <Center mih="60vh" component="main">
      <Empty title={texts.broken.title} about={error instanceof Error ? error.message : texts.broken.about}>
        <Button onClick={() => window.location.reload()}>{texts.broken.reload}</Button>
      </Empty>
    </Center>
  );
}
