import { Anchor } from '@mantine/core';
import { useState } from 'react';

import type { Schemas } from '../api/client';
import { policy } from '../texts/policy';
import { Begin, RecoveryCodes, Verify } from './security';
import { Door } from './sign_in';

const said = policy.enrol;

/**
 * The one screen of a session that can only enrol the second factor that its workspace requires. `keep` holds it open
 * from the QR code on, so that the recovery codes are seen after the session can do everything.
 */
export function Enrol({ keep, signOut }: { keep: (open: boolean) => void; signOut: () => void }) {
  const [pending, setPending] = useState<Schemas['TotpOut'] | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  function begun(one: Schemas['TotpOut']) {
    setPending(one);
    keep(true);
  }
  return (
    <Door title={said.title} {...(pending ? {} : { about: said.about })}>
      {codes ? (
        <RecoveryCodes codes={codes} stored={() => keep(false)} />
      ) : pending ? (
        <Verify pending={pending} verified={setCodes} />
      ) : (
        <Begin begun={begun} />
      )}
      {!codes && (
        <Anchor component="button" type="button" size="sm" onClick={signOut}>
          {said.signOut}
        </Anchor>
      )}
    </Door>
  );
}
