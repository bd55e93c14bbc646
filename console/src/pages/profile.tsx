import { Anchor, Group, Text } from '@mantine/core';
import { Link } from 'react-router';

import { api, body, done } from '../api/client';
import { useMe } from '../api/queries';
import { AvatarUpload } from '../parts/avatar_upload';
import { Fact } from '../parts/facts';
import { Loaded, Page, Section } from '../parts/layout';
import { texts } from '../texts';
import { avatars as said } from '../texts/avatars';

const TOUCHES = [['me'], ['users'], ['members'], ['messages']];

export default function Profile() {
  return (
    <Page title={said.profile} description={said.about}>
      <Loaded query={useMe()}>
        {({ user }) => (
          <Section title={said.picture}>
            <AvatarUpload
              name={user.name}
              url={user.avatar_url}
              mayWrite
              upload={(picture) =>
                body(
                  api.PUT('/v1/me/avatar', {
                    body: '',
                    bodySerializer: () => picture,
                    headers: { 'Content-Type': 'application/octet-stream' },
                  }),
                )
              }
              remove={() => done(api.DELETE('/v1/me/avatar'))}
              touches={TOUCHES}
            >
              <Text fw={600}>{user.name}</Text>
              <Group gap="xl" my={4}>
                <Fact label={said.email}>{user.email}</Fact>
                <Fact label={said.role}>{texts.roles[user.role]}</Fact>
              </Group>
              <Anchor component={Link} to="/me/security" size="sm">
                {said.toSecurity}
              </Anchor>
            </AvatarUpload>
          </Section>
        )}
      </Loaded>
    </Page>
  );
}
