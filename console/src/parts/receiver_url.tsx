import { TextInput, type TextInputProps } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { api, ApiError, body, type Schemas } from '../api/client';
import { texts } from '../texts';

const said = texts.receiverUrl;
const PAUSE = 400; // milliseconds without a key until the API is asked

/**
 * A field for the URL of a receiver. The API judges it while it is typed, by the rule that saving will apply; the form
 * can be sent whatever it said. A refusal of the form goes before it.
 */
export function ReceiverUrl({ value = '', error, ...others }: TextInputProps) {
  const typed = String(value).trim();
  const [before] = useState(typed); // a stored one was judged already
  const [settled] = useDebouncedValue(typed, PAUSE);
  const check = useQuery<Schemas['ReceiverUrlOut'], ApiError>({
    queryKey: ['receiver-url', settled],
    queryFn: () => body(api.POST('/v1/receiver-urls/check', { body: { url: settled } })),
    enabled: settled !== '' && settled !== before,
    staleTime: Infinity,
    retry: false,
  });
  const found = settled === typed ? check.data : undefined;
  const reason = found?.detail;
  const allowed = found?.url ? said.allowed(found.url) : null;
  return (
    <div>
      <TextInput type="url" placeholder="https://" {...others} value={value} error={error ?? reason} success={error ? null : allowed} />
      <div role="status" className="visually-hidden">
        {error ? null : (reason ?? allowed)}
      </div>
    </div>
  );
}
