// SPDX-FileCopyrightText: Ketenpoort contributors
// SPDX-License-Identifier: EUPL-1.2

// peer: the rules and requests of `bench_policy --peer RULES` (standard input) put to Cedar's own engine,
// @cedar-policy/cedar-wasm, with the policies parsed before. Prints what one dossier costs, as JSON:
//   {"load": ms, "dossier": us, "conversion": us, "different": dossiers with another number of fields}
// `conversion` is what the same calls cost over no policies at all: JavaScript to Rust and back.

'use strict';
const cedar = require('@cedar-policy/cedar-wasm/nodejs');

const BUDGET_MS = 4000;
const input = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const uid = (type, id) => ({ type, id });

function entitiesOf(question) {
  const entities = [
    { uid: uid('Medewerker', 'm'), attrs: { organisatie: { __entity: uid('Organisatie', question.organisatie) } },
      parents: question.rollen.map((id) => uid('Rol', id)) },
    { uid: uid('Organisatie', question.organisatie), attrs: {}, parents: [uid('Organisatiesoort', 's')] },
    { uid: uid('Doel', question.doel), parents: [uid('Doel', 'w')],
      attrs: { bezwaarMogelijk: false, vertrouwelijk: false, alleenMachine: false, werkvoorraadVereist: false } },
  ];
  return (veld) => [...entities, { uid: uid('Veld', veld.id), attrs: { gevoeligheid: 1, derde: false },
    parents: [uid('Rubriek', veld.rubriek), uid('Bron', 'bron')] }];
}

function dossier(question, policySet) {
  const entities = entitiesOf(question);
  const context = { doel: { __entity: uid('Doel', question.doel) }, inWerkvoorraad: question.inWerkvoorraad,
    heeftZaak: question.heeftZaak, zaakGenoemd: false, redenGegeven: question.redenGegeven, bezwaar: false, zelf: false,
    nu: { __extn: { fn: 'datetime', arg: '2026-11-23' } } };
  let permitted = 0;
  for (let r = 0; r < input.rubrieken; r++) {
    for (let v = 0; v < input.veldenPerRubriek; v++) {
      const veld = { id: `r${r}.v${v}@bron`, rubriek: `r${r}` };
      const answer = cedar.statefulIsAuthorized({ principal: uid('Medewerker', 'm'), action: uid('Action', 'raadplegen'),
        resource: uid('Veld', veld.id), context, preparsedPolicySetId: policySet, entities: entities(veld) });
      if (answer.type !== 'success') throw new Error(JSON.stringify(answer.errors));
      permitted += answer.response.decision === 'allow' ? 1 : 0;
    }
  }
  return permitted;
}

// Microseconds of processor, all threads of this process: the machine may have other work.
function used() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function median(list) {
  return list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
}

// As many dossiers as fit in the budget; the first warms up.
function time(policySet, check) {
  const times = [];
  let different = 0;
  const end = performance.now() + BUDGET_MS;
  for (let i = 0; i < input.vragen.length && (i < 2 || performance.now() < end); i++) {
    const start = used();
    const permitted = dossier(input.vragen[i], policySet);
    if (i > 0) times.push(used() - start);
    different += check && permitted !== input.vragen[i].velden ? 1 : 0;
  }
  return { us: median(times), different };
}

const start = used();
cedar.preparsePolicySet('regels', { staticPolicies: input.regels });
const load = (used() - start) / 1000;
cedar.preparsePolicySet('geen', { staticPolicies: {} });
const whole = time('regels', true);
console.log(JSON.stringify({ load, dossier: whole.us, conversion: time('geen', false).us, different: whole.different }));
