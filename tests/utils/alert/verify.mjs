// SPDX-License-Identifier: ISC
// Reads what a receiver got, one JSON object a line: {"headers": {...}, "body": "base64", "secret": "whsec_..."}.
// The signature is checked by standardwebhooks, the event by cloudevents; prints "id type" for each, or fails.
import { createRequire } from "module";
import { readFileSync } from "fs";
const require = createRequire(process.cwd() + "/");
const { Webhook } = require("standardwebhooks");
const { HTTP } = require("cloudevents");

for (const line of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const { headers, body, secret } = JSON.parse(line);
  const text = Buffer.from(body, "base64").toString("utf8");
  new Webhook(secret).verify(text, headers);
  let forged = false;
  try { new Webhook(secret).verify(text.replace("specversion", "specversi0n"), headers); forged = true; } catch { /* as it must be */ }
  if (forged) throw new Error("a changed body was accepted");
  const event = HTTP.toEvent({ headers, body: text });
  event.validate();
  if (event.id !== headers["webhook-id"]) throw new Error("the ids differ");
  console.log(event.id, event.type);
}
