// Is a webhook from Ferryman genuine? Needs Node 18 or newer and nothing else.
// WEBHOOK_SECRET=whsec_… node verify.mjs "$X_FM_WEBHOOK_SIGNATURE" < body   # ends with 0 when it is, else 1

import { createHmac, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const TOLERANCE_SECONDS = 300;

/** `signature` is the header X-FM-Webhook-Signature, `body` the Buffer as it arrived, before any parsing. */
export function isGenuine(secret, signature, body) {
  const fields = signature.split(",").map((field) => field.trim().split("="));
  const timestamp = fields.find(([name]) => name === "t")?.[1] ?? "";
  if (!/^[0-9]{1,12}$/.test(timestamp)) return false;
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > TOLERANCE_SECONDS) return false;
  const expected = createHmac("sha256", secret).update(`${timestamp}.`).update(body).digest("hex");
  // There are two v1= while a secret is being rotated; one that matches is enough.
  return fields
    .filter(([name]) => name === "v1")
    .map(([, value]) => value ?? "")
    .some((candidate) => candidate.length === expected.length && equal(candidate, expected));
}

const equal = (one, other) => timingSafeEqual(Buffer.from(one, "latin1"), Buffer.from(other, "latin1"));

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exit(isGenuine(process.env.WEBHOOK_SECRET, process.argv[2], readFileSync(0)) ? 0 : 1);
}
