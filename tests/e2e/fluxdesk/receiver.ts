import crypto from "node:crypto";
import express from "express";
const SECRET = process.env.FLUXDESK_WEBHOOK_SECRET!;
const app = express();
// IMPORTANT: raw body, not parsed JSON, for HMAC.
app.post(
"/fluxdesk-events",
express.raw({ type: "application/json" }),
(req, res) => {
const sig = req.header("x-fluxdesk-signature") ?? "";
const expected =
"v1=" + crypto.createHmac("sha256", SECRET).update(req.body).digest("hex");
const ok =
sig.length === expected.length &&
crypto.timingSafeEqual(Buffer.from(sig), Buffer.from(expected));
if (!ok) return res.status(401).end("invalid signature");
const event = JSON.parse(req.body.toString("utf8"));
console.log("got event:", event.type, event.title);
res.status(204).end();
},
);
app.listen(8787);
