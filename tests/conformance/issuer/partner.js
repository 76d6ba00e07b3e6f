// SPDX-FileCopyrightText: Ketenpoort contributors
// SPDX-License-Identifier: EUPL-1.2
//
// A partner that lets in who has a token of the issuer: it checks a signed one with the issuer's keys (jose), asks the issuer
// about an opaque one (RFC 7662), and holds a certificate-bound one against the certificate of the connection (RFC 8705,
// section 3). A question about case Z-INTREKKEN revokes its token. Prints
// "ready", and a line of JSON for every question.
//
//   node partner.js PORT ISSUER CERTIFICATE KEY ANCHORS
"use strict";

const fs = require("node:fs");
const crypto = require("node:crypto");
const https = require("node:https");

const AUDIENCE = "urn:ketenpoort";
const [port, issuer, certificate, key, anchors] = process.argv.slice(2);
const tls = { cert: fs.readFileSync(certificate), key: fs.readFileSync(key), ca: fs.readFileSync(anchors) };

async function main() {
  const jose = await import("jose");
  const keys = jose.createRemoteJWKSet(new URL(`${issuer}/jwks`), { cooldownDuration: 0 });
  const revoked = new Set();

  async function introspect(token) {
    const answer = await fetch(`${issuer}/token/introspection`, {
      method: "POST", headers: { authorization: `Basic ${btoa("poort:geheim-van-poort")}` },
      body: new URLSearchParams({ token }) });
    const said = await answer.json();
    if (!said.active || said.aud !== AUDIENCE) throw new Error("not active, or for another");
    return said;
  }

  async function claimsOf(request) {
    const [scheme, token] = (request.headers.authorization ?? "").split(" ");
    if (scheme !== "Bearer" || !token || revoked.has(token)) throw new Error("no token");
    const claims = token.includes(".")
      ? (await jose.jwtVerify(token, keys, { issuer, audience: AUDIENCE, typ: "at+jwt" })).payload
      : await introspect(token);
    const bound = claims.cnf?.["x5t#S256"];
    const shown = request.socket.getPeerX509Certificate();
    if (bound && (!shown || crypto.createHash("sha256").update(shown.raw).digest("base64url") !== bound)) {
      throw new Error("bound to another certificate");
    }
    return { claims, token };
  }

  https.createServer({ ...tls, requestCert: true, rejectUnauthorized: false }, async (request, answer) => {
    let body = "";
    for await (const piece of request) body += piece;
    let status = 401;
    let who = {};
    try {
      const { claims, token } = await claimsOf(request);
      status = 200;
      who = { client: claims.client_id, bound: Boolean(claims.cnf), jti: claims.jti,
              digest: crypto.createHash("sha256").update(token).digest("hex") };
      if (JSON.parse(body).zaak === "Z-INTREKKEN") revoked.add(token); // from the next question on
    } catch (error) {
      who = { why: error.message };
    }
    console.log(JSON.stringify({ status, ...who }));
    answer.writeHead(status, { "content-type": "application/json" });
    answer.end(status === 200
      ? JSON.stringify({ burgerservicenummer: JSON.parse(body).burgerservicenummer, uitkeringen: [{ wet: "ZW" }] })
      : "{}");
  }).listen(Number(port), "127.0.0.1", () => console.log("ready"));
}

main();
