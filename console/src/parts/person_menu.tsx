import { Box, Menu, Text } from '@mantine/core';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { Link } from 'react-router';

import type { Schemas } from '../api/client';
import { texts } from '../texts';
import { Face } from './face';
import { ExitIcon, LockClosedIcon } from './icons';

/** The person's menu. It is loaded by a click on the button whose place it takes, so it opens at once. */
export function PersonMenu({ me, signOut }: { me: Schemas['MeOut'] | undefined; signOut: () => void }) {
  const [opened, setOpened] = useState(false);
  const target = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    target.current?.focus(); // where the focus comes back to
    const frame = requestAnimationFrame(() => setOpened(true));
    return () => cancelAnimationFrame(frame);
  }, []);
  // The menu closes by Escape once the focus is in it, and the focus comes a moment after it is seen.
  const onKeyDown = ({ key }: KeyboardEvent) => {
    if (key === 'Escape') setOpened(false);
  };
  return (
    <Menu position="bottom-end" width={240} opened={opened} onChange={setOpened}>
      <Menu.Target>
        <Face person={me} ref={target} onKeyDown={onKeyDown} />
      </Menu.Target>
      <Menu.Dropdown>
        {me && (
          <Box px="sm" py={6}>
            <Text size="sm" fw={600}>
              {me.user.name}
            </Text>
            <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
              {me.user.email} · {texts.roles[me.user.role]}
            </Text>
          </Box>
        )}
        <Menu.Divider />
        <Menu.Item component={Link} to="/me/security" leftSection={<LockClosedIcon />}>
          {texts.nav.security}
        </Menu.Item>
        <Menu.Item leftSection={<ExitIcon />} onClick={signOut}>
          {texts.nav.signOut}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
