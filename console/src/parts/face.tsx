import { Avatar, Button, type ButtonProps } from '@mantine/core';
import type { ComponentPropsWithRef } from 'react';

import type { Schemas } from '../api/client';
import { texts } from '../texts';

type FaceProps = ButtonProps & Omit<ComponentPropsWithRef<'button'>, keyof ButtonProps> & { person: Schemas['MeOut'] | undefined };

/** The button of the person's menu. */
export function Face({ person, ...others }: FaceProps) {
  return (
    <Button variant="subtle" color="gray" px={6} {...others}>
      <span className="visually-hidden">{texts.nav.account}</span>
      <Avatar size={28} name={person?.user.name ?? ''} src={person?.user.avatar_url ?? null} color="blue" alt="" aria-hidden />
    </Button>
  );
}
