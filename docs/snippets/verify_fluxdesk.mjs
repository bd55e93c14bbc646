// Is a webhook in the form of FluxDesk genuine? Needs Node 18 or newer and nothing else.
// WEBHOOK_SECRET=whsec_… node verify_fluxdesk.mjs "$X_FLUXDESK_SIGNATURE" < body   # ends with 0 when it is, else 1

import { createHmac, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

/** `signature` is the header X-FluxDesk-Signature, `body` the Buffer as it arrived, before any parsing. */
export function isGenuine(secret, signature, body) {
  const expected = `v1=${createHmac("sha256", secret).update(body).digest("hex")}`;
  return signature.length === expected.length && equal(signature, expected);
}

const equal = (one, other) => timingSafeEqual(Buffer.from(one, "latin1"), Buffer.from(other, "latin1"));

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exit(isGenuine(process.env.WEBHOOK_SECRET, process.argv[2], readFileSync(0)) ? 0 : 1);
}
