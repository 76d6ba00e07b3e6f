// SPDX-FileCopyrightText: Ketenpoort contributors
// SPDX-License-Identifier: EUPL-1.2

// corpus_lines: what Cedar's own engine (@cedar-policy/cedar-wasm) makes of the public corpus, in the
// lines that schema_differential reads (see generate_schema.js): for each case the JSON form of the
// schema, and the verdict, JSON form and layout of the policy.
//
// usage: node --no-opt corpus_lines.js FOLDER SHARE OF   (every case whose number is SHARE modulo OF)

'use strict';
const fs = require('fs');
const path = require('path');
const cedar = require('@cedar-policy/cedar-wasm/nodejs');

const [folder, share, of] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const read = (name) => fs.readFileSync(path.join(folder, name), 'utf8');
// A pipe takes no more than its reader does: written at once, nothing piles up.
const say = (line) => fs.writeSync(1, JSON.stringify(line) + '\n');

const cases = fs.readdirSync(folder).filter((name) => name.endsWith('.cedar')).sort();
for (const name of cases.filter((_, i) => i % of === share)) {
  const text = read(name);
  const schema = read(`${name}schema`);
  const answer = cedar.schemaToJson(schema);
  const accepted = answer.type === 'success';
  say({ schema, accepted, json: accepted ? JSON.stringify(answer.json) : '' });
  if (!accepted) continue;
  const verdict = cedar.validate({ schema, policies: { staticPolicies: { p: text } } });
  const why = verdict.type === 'success' ? verdict.validationErrors : verdict.errors;
  say({ policies: [{ text, valid: why.length === 0, why: JSON.stringify(why),
    json: JSON.stringify(cedar.policyToJson(text).json),
    formatted: cedar.formatPolicies({ policyText: text, lineWidth: 80, indentWidth: 2 }).formatted_policy }] });
}
