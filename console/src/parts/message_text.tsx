import { Anchor, Text } from '@mantine/core';
import { Lexer, type Token, Tokenizer } from 'marked';

import { leads } from './links';

/**
 * The Markdown that a message shows: links, and characters behind a backslash. The rest stays as it is written, HTML and
 * pictures too: their hosts would learn who reads.
 */
class Links extends Tokenizer {
  override emStrong() {
    return undefined;
  }
  override del() {
    return undefined;
  }
  override br() {
    return undefined;
  }
  override tag() {
    return undefined;
  }
  override reflink() {
    return undefined;
  }
  override url() {
    return undefined;
  }
}

/** The text of a message, an attachment or an answer. */
export function MessageText({ children }: { children: string }) {
  return (
    <Text size="sm" className="message">
      <Markdown>{children}</Markdown>
    </Text>
  );
}

export function Markdown({ children }: { children: string }) {
  return new Lexer({ tokenizer: new Links() }).inlineTokens(children).map((token, index) => <Part key={index} token={token} />);
}

function Part({ token }: { token: Token }) {
  if (token.type === 'escape') return token.text as string;
  if (token.type !== 'link' || !leads(token.text as string, token.href as string)) return token.raw;
  // The direction is its own: characters that stand before the link do not turn it.
  return (
    <Anchor href={token.href as string} target="_blank" rel="noopener noreferrer" underline="always" inherit dir="auto">
      {token.text as string}
    </Anchor>
  );
}
