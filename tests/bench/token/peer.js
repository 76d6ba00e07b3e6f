// SPDX-FileCopyrightText: Ketenpoort contributors
// SPDX-License-Identifier: EUPL-1.2
//
// The same tokens through npm's jose: signature, issuer, audience, type and times. node peer.js TOKENS
"use strict";

const fs = require("node:fs");

const ROUNDS = 21;
const COUNT = 200;

async function main() {
  const jose = await import("jose");
  for (const line of fs.readFileSync(process.argv[2], "utf8").trim().split("\n")) {
    const [algorithm, jwk, token] = line.split("\t");
    const key = await jose.importJWK(JSON.parse(jwk), algorithm);
    const rules = { issuer: "https://inlog.example.nl", audience: "ketenpoort", typ: "at+jwt",
                    algorithms: [algorithm], currentDate: new Date(1795000000000), clockTolerance: 60 };
    const times = [];
    for (let round = 0; round < ROUNDS; round++) {
      const begun = process.cpuUsage();
      for (let i = 0; i < COUNT; i++) await jose.jwtVerify(token, key, rules);
      const used = process.cpuUsage(begun);
      times.push((used.user + used.system) / COUNT);
    }
    console.log(`${algorithm}\t${times.sort((a, b) => a - b)[ROUNDS >> 1].toFixed(2)}`);
  }
}

main();
