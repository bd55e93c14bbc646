const UNSEEN = /[\p{DI}\u2800]/gu; // characters that show nothing
const TURNING = /[\u202a-\u202e\u2066-\u2069]/; // those that turn the direction of the others
const OPENED = /^(https?:\/\/|mailto:)[^\s<>|\p{DI}]+$/iu;
const NAMED = /^[^\p{L}\p{N}]*((?:https?:\/\/|www\.)[^\s()<>[\]{}"',;]+)/iu;

/** Whether people can see the link, and a text that begins as an address names the host that it leads to. */
export function leads(text: string, address: string): boolean {
  const seen = text.replaceAll(UNSEEN, '').trim();
  if (!seen || TURNING.test(text) || !OPENED.test(address) || !URL.canParse(address)) return false;
  const named = NAMED.exec(seen)?.[1];
  return named === undefined || hostOf(named) === hostOf(address);
}

function hostOf(named: string): string | null {
  const address = named.replace(/^(?=www\.)/i, 'http://').replace(/[.!?:…]+$/u, '');
  return URL.canParse(address) ? new URL(address).hostname.replace(/^www\./, '') : null;
}
