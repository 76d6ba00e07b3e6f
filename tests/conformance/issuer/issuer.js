// SPDX-FileCopyrightText: Ketenpoort contributors
// SPDX-License-Identifier: EUPL-1.2
//
// A real issuer: oidc-provider on https://localhost. One client gets plain tokens, one certificate-bound ones (the
// certificate as base64 of DER in a header, as a proxy would pass it on), one DPoP-bound ones, one opaque ones. One client has
// no secret and shows its certificate (RFC 8705, section 2.1). Those of CLIENTS.json sign
// assertions (RFC 7523): [{ client_id, key_id, key_file }].
//
//   node issuer.js PORT KEYS.json CERTIFICATE KEY ANCHORS [CLIENTS.json]
//
// KEYS.json: { "keys": [ private JWK … ] }, made when it is not there. CERTIFICATE and KEY: of the server, PEM. ANCHORS: of
// clients that show a certificate.
"use strict";

const fs = require("node:fs");
const crypto = require("node:crypto");
const https = require("node:https");

const RESOURCE = "urn:ketenpoort";
const OIN = "00000001830000001000";
const [port, file, certificate, key, anchors, more] = process.argv.slice(2);

function makeKeys() {
  const pair = (type, options, extra) => ({
    ...crypto.generateKeyPairSync(type, options).privateKey.export({ format: "jwk" }),
    use: "sig",
    kid: crypto.randomUUID(),
    ...extra,
  });
  return { keys: [pair("rsa", { modulusLength: 2048 }, { alg: "PS256" }),
                  pair("ec", { namedCurve: "P-256" }, { alg: "ES256" })] };
}

async function main() {
  const { default: Provider } = await import("oidc-provider");
  if (!fs.existsSync(file)) fs.writeFileSync(file, JSON.stringify(makeKeys()));
  const client = (id, more) => ({
    client_id: id, client_secret: `geheim-van-${id}`, grant_types: ["client_credentials"], redirect_uris: [],
    response_types: [], id_token_signed_response_alg: "PS256", ...more });
  const signing = ({ client_id: id, key_id: kid, key_file: of }) => client(id, {
    client_secret: undefined, token_endpoint_auth_method: "private_key_jwt",
    jwks: { keys: [{ ...crypto.createPublicKey(fs.readFileSync(of)).export({ format: "jwk" }), kid, use: "sig" }] } });
  const provider = new Provider(`https://localhost:${port}`, {
    jwks: JSON.parse(fs.readFileSync(file)),
    clients: [
      client("plain"), client("es256"), client("opaque"), client("poort"),
      client("bound", { tls_client_certificate_bound_access_tokens: true }),
      client("posting", { token_endpoint_auth_method: "client_secret_post" }),
      client("tied", { client_secret: undefined, token_endpoint_auth_method: "tls_client_auth",
                       tls_client_auth_subject_dn: `serialNumber=${OIN}`,
                       tls_client_certificate_bound_access_tokens: true }),
      client("showing", { client_secret: undefined, token_endpoint_auth_method: "tls_client_auth",
                          tls_client_auth_subject_dn: `serialNumber=${OIN}` }),
      client("proof", { dpop_bound_access_tokens: true }),
      ...(more ? JSON.parse(fs.readFileSync(more)).map(signing) : []),
    ],
    clientAuthMethods: ["client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth"],
    enabledJWA: { dPoPSigningAlgValues: ["ES256"] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      dPoP: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      mTLS: {
        enabled: true, certificateBoundAccessTokens: true, tlsClientAuth: true,
        getCertificate: (ctx) => ctx.get("x-certificate")
          ? new crypto.X509Certificate(Buffer.from(ctx.get("x-certificate"), "base64"))
          : ctx.socket.getPeerX509Certificate(),
        certificateAuthorized: (ctx) => ctx.socket.authorized,
        certificateSubjectMatches: (ctx, property, expected) =>
          ctx.socket.getPeerX509Certificate().subject.split("\n").includes(expected),
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => RESOURCE,
        getResourceServerInfo: (ctx, resource, asking) => ({
          scope: "dossiers", audience: RESOURCE,
          accessTokenFormat: asking.clientId === "opaque" ? "opaque" : "jwt",
          accessTokenTTL: 600,
          jwt: { sign: { alg: asking.clientId === "es256" ? "ES256" : "PS256" } },
        }),
      },
    },
    // The employee travels through the machine's call (RFC 8693, act).
    extraTokenClaims: () => ({ oin: OIN, rollen: ["KM"], act: { sub: "m.jansen" } }),
  });
  provider.on("server_error", (ctx, error) => console.error(error));
  https.createServer({ cert: fs.readFileSync(certificate), key: fs.readFileSync(key), ca: fs.readFileSync(anchors),
                       requestCert: true, rejectUnauthorized: false }, provider.callback())
    .listen(Number(port), "127.0.0.1", () => console.log("ready"));
}

main();
