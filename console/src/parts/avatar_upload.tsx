import { Avatar, Button, FileButton, Group, Stack, Text } from '@mantine/core';
import { type ReactNode, useState } from 'react';

import type { ApiError } from '../api/client';
import { useChange } from '../api/queries';
import { texts } from '../texts';
import { avatars as said } from '../texts/avatars';

const TYPES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];
const MOST_BYTES = 262_144;

type Props = {
  name: string;
  url: string | null;
  mayWrite: boolean;
  upload: (picture: File) => Promise<unknown>;
  remove: () => Promise<unknown>;
  touches: readonly unknown[][];
  children: ReactNode;
};

/** The content as an address that the Content-Security-Policy lets a picture have. */
function asDataUrl(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(new Error(said.unreadable));
    reader.readAsDataURL(file);
  });
}

/** An avatar beside what is known of its owner: choose a picture, see it, keep it; or remove the one that there is. */
export function AvatarUpload({ name, url, mayWrite, upload, remove, touches, children }: Props) {
  const [chosen, setChosen] = useState<{ file: File; shown: string } | null>(null);
  const [complaint, setComplaint] = useState<string | null>(null);
  const keep = useChange(upload, { touches, done: said.saved, quiet: true });
  const drop = useChange(() => remove(), { touches, done: said.removed });
  function forget() {
    setChosen(null);
    setComplaint(null);
    keep.reset();
  }
  async function choose(file: File | null) {
    forget();
    if (!file) return;
    // Told before an upload that the API will refuse.
    if (!TYPES.includes(file.type)) setComplaint(said.wrongType(file.name));
    else if (file.size > MOST_BYTES) setComplaint(said.tooLarge(file.name, Math.ceil(file.size / 1024)));
    else setChosen({ file, shown: await asDataUrl(file) });
  }
  const refused: ApiError | null = keep.error;
  return (
    <Group wrap="nowrap" align="flex-start">
      <Avatar src={chosen?.shown ?? url} name={name} color="blue" size={64} alt={chosen ? said.preview : ''} />
      <Stack gap={4} miw={0} style={{ flex: 1 }}>
        {children}
        {mayWrite && (
          <>
            <Group gap={8} mt="sm">
              {chosen ? (
                <>
                  <Button size="compact-sm" loading={keep.isPending} onClick={() => keep.mutate(chosen.file, { onSuccess: forget })}>
                    {said.keep}
                  </Button>
                  <Button size="compact-sm" variant="default" onClick={forget}>
                    {texts.actions.cancel}
                  </Button>
                </>
              ) : (
                <>
                  <FileButton accept={TYPES.join(',')} onChange={(file) => void choose(file)}>
                    {(props) => (
                      <Button {...props} size="compact-sm" variant="default">
                        {said.choose}
                      </Button>
                    )}
                  </FileButton>
                  {url && (
                    <Button size="compact-sm" variant="subtle" color="red" loading={drop.isPending} onClick={() => drop.mutate(undefined)}>
                      {said.remove}
                    </Button>
                  )}
                </>
              )}
            </Group>
            <Text size="xs" c="dimmed">
              {said.limits}
            </Text>
            <Text size="sm" c="var(--mantine-color-error)" role="status">
              {complaint ?? refused?.message}
            </Text>
          </>
        )}
      </Stack>
    </Group>
  );
}
