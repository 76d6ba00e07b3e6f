// SPDX-FileCopyrightText: Ketenpoort contributors
// SPDX-License-Identifier: EUPL-1.2
//
// A client of the issuer and of the gateway that holds a DPoP key (jose): it asks the gateway COUNT times with one
// token, each time with a fresh proof, and once more with the last proof. Prints the statuses; with COUNT 0 the token and the
// private key in its place, for another client.
//
//   node client.js ISSUER GATEWAY PUBLIC-URL COUNT < question
"use strict";

const fs = require("node:fs");
const crypto = require("node:crypto");

const PATH = "/v1/dossiers/_zoek";

async function main() {
  const jose = await import("jose");
  const [issuer, gateway, publicUrl, count] = process.argv.slice(2);
  const { privateKey, publicKey } = await jose.generateKeyPair("ES256", { extractable: true });
  const jwk = await jose.exportJWK(publicKey);
  const prove = (method, address, more) => new jose.SignJWT({ htm: method, htu: address, ...more })
    .setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk }).setJti(crypto.randomUUID()).setIssuedAt()
    .sign(privateKey);
  const granted = await fetch(`${issuer}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa("proof:geheim-van-proof")}`, dpop: await prove("POST", `${issuer}/token`) },
    body: new URLSearchParams({ grant_type: "client_credentials", scope: "dossiers" }),
  });
  const { access_token: token, token_type: type } = await granted.json();
  if (type !== "DPoP") throw new Error(`the issuer gave a ${type} token`);
  if (count === "0") {
    console.log(JSON.stringify({ token, key: await jose.exportPKCS8(privateKey) }));
    return;
  }
  const ath = crypto.createHash("sha256").update(token).digest("base64url");
  const body = fs.readFileSync(0, "utf8");
  const ask = async (scheme, proof) => fetch(gateway + PATH, {
    method: "POST", body,
    headers: { "content-type": "application/json", authorization: `${scheme} ${token}`, dpop: proof },
  });
  const said = { fresh: [], again: null, bearer: null, nonces: 0 };
  let proof;
  let nonce;
  for (let i = 0; i < Number(count); i++) {
    proof = await prove("POST", publicUrl + PATH, { ath, nonce });
    let answer = await ask("DPoP", proof);
    if (answer.status === 401 && answer.headers.get("dpop-nonce")) {
      nonce = answer.headers.get("dpop-nonce");
      said.nonces++;
      proof = await prove("POST", publicUrl + PATH, { ath, nonce });
      answer = await ask("DPoP", proof);
    }
    await answer.text();
    said.fresh.push(answer.status);
  }
  const again = await ask("DPoP", proof);
  said.again = [again.status, again.headers.get("www-authenticate")];
  said.bearer = (await ask("Bearer", await prove("POST", publicUrl + PATH, { ath, nonce }))).status;
  console.log(JSON.stringify(said));
}

main();
