import { Button, Center } from '@mantine/core';
import { Link, useRouteError } from 'react-router';

import { Empty, Page } from '../parts/layout';
import { texts } from '../texts';

export function Missing() {
  return (
    <Page title={texts.missing.title}>
      <Empty title={texts.missing.title} about={texts.missing.about}>
        <Button component={Link} to="/settings/overview" variant="default">
          {texts.missing.home}
        </Button>
      </Empty>
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
