/** Says whether a signature matches and, if it does not, why. Pure but for the browser's own HMAC. */

export type Reason =
  | 'fine'
  | 'rotation'
  | 'no-header'
  | 'masked'
  | 'no-secret'
  | 'malformed'
  | 'old'
  | 'future'
  | 'reserialised'
  | 'newline'
  | 'without-time'
  | 'unknown';
export type Verdict = { matches: boolean; reasons: Reason[] };

const TOLERANCE_SECONDS = 300;
const MASKED = '[masked]'; // as the delivery log shows it
const encoder = new TextEncoder();

async function hmac(secret: Uint8Array<ArrayBuffer>, content: string): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(content)));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function parsed(headers: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of headers.split('\n')) {
    const at = line.indexOf(':');
    if (at > 0) found.set(line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim());
  }
  return found;
}

/** How a signature is checked: the text that is signed for a body, and the signatures that the headers claim. */
type Scheme = { content: (body: string) => string; key: (secret: string) => Uint8Array<ArrayBuffer>; show: (mac: Uint8Array) => string; claimed: string[]; time: number | null };

function schemeOf(headers: Map<string, string>): Scheme | Reason {
  const plain = (secret: string) => encoder.encode(secret);
  const fm = headers.get('x-fm-webhook-signature');
  if ([fm, headers.get('webhook-signature'), headers.get('x-fluxdesk-signature')].includes(MASKED)) return 'masked';
  if (fm !== undefined) {
    const parts = fm.split(',').map((part) => part.trim().split('=') as [string, string]);
    const time = parts.find(([name]) => name === 't')?.[1];
    const claimed = parts.filter(([name]) => name === 'v1').map(([, value]) => value);
    if (!time || !/^\d+$/.test(time) || claimed.length === 0) return 'malformed';
    return { content: (body) => `${time}.${body}`, key: plain, show: hex, claimed, time: Number(time) };
  }
  const standard = headers.get('webhook-signature');
  if (standard !== undefined) {
    const [id, time] = [headers.get('webhook-id'), headers.get('webhook-timestamp')];
    const claimed = standard.split(' ').filter((part) => part.startsWith('v1,')).map((part) => part.slice(3));
    if (!id || !time || claimed.length === 0) return 'malformed';
    const key = (secret: string) => Uint8Array.from(atob(secret.replace(/^whsec_/, '')), (char) => char.charCodeAt(0));
    return { content: (body) => `${id}.${time}.${body}`, key, show: base64, claimed, time: Number(time) };
  }
  const fluxdesk = headers.get('x-fluxdesk-signature');
  if (fluxdesk !== undefined) {
    if (!fluxdesk.startsWith('v1=')) return 'malformed';
    return { content: (body) => body, key: plain, show: hex, claimed: [fluxdesk.slice(3)], time: null };
  }
  return 'no-header';
}

export async function judge(headers: string, body: string, secret: string, now: number): Promise<Verdict> {
  if (!secret) return { matches: false, reasons: ['no-secret'] };
  const scheme = schemeOf(parsed(headers));
  if (typeof scheme === 'string') return { matches: false, reasons: [scheme] };
  let key: Uint8Array<ArrayBuffer>;
  try {
    key = scheme.key(secret);
  } catch {
    return { matches: false, reasons: ['no-secret'] };
  }
  const made = async (content: string) => scheme.show(await hmac(key, content));
  const fits = async (content: string) => scheme.claimed.includes(await made(content));
  const age = scheme.time === null ? 0 : now / 1000 - scheme.time;
  const late: Reason[] = age > TOLERANCE_SECONDS ? ['old'] : age < -TOLERANCE_SECONDS ? ['future'] : [];
  if (await fits(scheme.content(body))) {
    return { matches: true, reasons: [...late, ...(scheme.claimed.length > 1 ? (['rotation'] as const) : []), 'fine'] };
  }
  return { matches: false, reasons: [...late, ...(await guesses(scheme, body, fits))] };
}

/** The usual mistakes, each tried. */
async function guesses(scheme: Scheme, body: string, fits: (content: string) => Promise<boolean>): Promise<Reason[]> {
  for (const other of [body.trim(), `${body}\n`, body.replace(/\r\n/g, '\n')]) {
    if (other !== body && (await fits(scheme.content(other)))) return ['newline'];
  }
  try {
    const value: unknown = JSON.parse(body);
    const forms = [JSON.stringify(value), JSON.stringify(value, null, 2), spaced(value)];
    for (const other of forms) if (await fits(scheme.content(other))) return ['reserialised'];
  } catch {
    // The body is not JSON, so nothing parsed it.
  }
  if (scheme.time !== null && (await fits(body))) return ['without-time'];
  return ['unknown'];
}

/** JSON with a space after commas and colons, as Python writes it. */
function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`;
  if (value !== null && typeof value === 'object') {
    return `{${Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}: ${spaced(inner)}`).join(', ')}}`;
  }
  return JSON.stringify(value);
}
