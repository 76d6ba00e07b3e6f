// SPDX-FileCopyrightText: Ketenpoort contributors
// SPDX-License-Identifier: EUPL-1.2

// generate_schema: random schemas, policies and entities with what Cedar's own engine
// (@cedar-policy/cedar-wasm) says of them, one JSON object per line, for schema_differential:
//   {"schema": text, "accepted": bool, "json": text}      json: the JSON form, when accepted
//   {"policies": [{"text", "valid", "why", "json", "formatted"}]} against the schema of the line before
//   {"entities": text, "accepted": bool}                   likewise
// Schemas are drawn from few names, so that shadowing, cycles and unknown names happen often.
//
// usage: node --no-opt generate_schema.js SEED BATCHES   (NODE_PATH names the folder with the package)

'use strict';
const cedar = require('@cedar-policy/cedar-wasm/nodejs');

const POLICIES_PER_SCHEMA = 40;
const ENTITIES_PER_SCHEMA = 10;
const SCHEMAS_PER_BATCH = 20;

// ---- chance, with a seed ----

let state = BigInt(process.argv[2] || 1) * 0x9e3779b97f4a7c15n & 0xffffffffffffffffn;
function next() {
  state = state + 0x9e3779b97f4a7c15n & 0xffffffffffffffffn;
  let z = state;
  z = (z ^ z >> 30n) * 0xbf58476d1ce4e5b9n & 0xffffffffffffffffn;
  z = (z ^ z >> 27n) * 0x94d049bb133111ebn & 0xffffffffffffffffn;
  return Number((z ^ z >> 31n) >> 11n) / 9007199254740992;
}
const below = (n) => Math.floor(next() * n);
const pick = (list) => list[below(list.length)];
const chance = (p) => next() < p;
const times = (n, f) => Array.from({ length: n }, (_, i) => f(i));

// ---- schemas ----

const NAMES = ['A', 'B', 'C', 'D'];
const ODD_NAMES = ['Long', 'ipaddr', 'Action', 'String', 'Set', 'if', 'E', '__cedar'];
const ATTRS = ['a', 'b', 'c', 'd', '"x y"'];
const ACTIONS = ['r', 's', 'g', '"t u"'];
const PLAIN = ['Long', 'String', 'Bool', 'decimal', 'ipaddr', 'datetime', 'duration',
  '__cedar::Long', '__cedar::ipaddr', 'Boolean', 'Action'];

const name = () => chance(0.97) ? pick(NAMES) : pick(ODD_NAMES);
/* What may be referred to in the schema being made: mostly what will be declared. */
let entityNames = [];
let commonNames = [];
const wild = () => chance(0.5) ? name() : `${pick(['N', 'M'])}::${name()}`;
const path = () => chance(0.992) ? pick(chance(0.15) && commonNames.length ? commonNames : entityNames) : wild();
const entityPath = () => chance(0.995) ? pick(entityNames) : wild();
function type(depth) {
  const roll = next();
  if (roll < 0.45) return pick(PLAIN.slice(0, chance(0.99) ? 9 : PLAIN.length));
  if (roll < 0.7 || depth === 0) return path();
  if (roll < 0.85) return `Set<${type(depth - 1)}>`;
  return record(depth - 1);
}
function record(depth) {
  const names = ATTRS.filter(() => chance(0.4));
  if (chance(0.01)) names.push('a');
  return '{' + names.map((n) => `${chance(0.1) ? '@doc("x") ' : ''}${n}${chance(0.35) ? '?' : ''}: ${type(depth)}`)
    .join(', ') + '}';
}
const types = () => chance(0.4) ? entityPath() : `[${times(1 + below(3), entityPath).join(', ')}]`;
/* Only of later ones, most of the time: else all would be cycles. */
const actionRef = (own) => {
  const id = chance(0.98) ? pick(own.length ? own : ACTIONS) : pick(ACTIONS);
  return chance(0.8) ? id : `${chance(0.9) ? '' : pick(['N::', 'M::'])}Action::"${id.replace(/"/g, '')}"`;
};

function declarations(names, commons) {
  const list = [];
  for (const n of names) {
    const roll = next();
    const odd = chance(0.01) ? name() : n;
    if (commons.includes(n)) list.push(`type ${odd} = ${type(2)};`);
    else if (roll < 0.15) list.push(`entity ${odd} enum ["x", "y"];`);
    else {
      list.push(`${chance(0.1) ? '@doc ' : ''}entity ${odd}${chance(0.4) ? ` in ${types()}` : ''}` +
        `${chance(0.7) ? ` ${chance(0.5) ? '= ' : ''}${record(2)}` : ''}${chance(0.3) ? ` tags ${type(1)}` : ''};`);
    }
  }
  const chosen = ACTIONS.filter(() => chance(0.6));
  chosen.forEach((a, i) => {
    const own = chosen.slice(chance(0.98) ? i + 1 : 0);
    list.push(`action ${a}${chance(0.5) && own.length ? ` in ${chance(0.5) ? actionRef(own) : `[${actionRef(own)}, ${actionRef(own)}]`}` : ''}` +
      (chance(0.8) ? ` appliesTo {principal: ${types()}, resource: ${types()}` +
        `${chance(0.6) ? `, context: ${chance(0.95) || !commonNames.length ? record(2) : pick(commonNames)}` : ''}}` : '') + ';');
  });
  return list.join('\n');
}
function schema() {
  const space = pick(['N', 'N', 'M', 'N::P']);
  const split = below(3);
  const outer = NAMES.filter((_, i) => split === 0 || (split === 1 ? i < 2 : chance(0.6)));
  const inner = split === 0 ? [] : NAMES.filter((n) => !outer.includes(n) || chance(0.02));
  const commons = NAMES.filter(() => chance(0.12));
  const full = (n) => inner.includes(n) && !outer.includes(n) ? `${space}::${n}` : n;
  const known = outer.concat(inner);
  entityNames = known.filter((n) => !commons.includes(n)).map(full);
  commonNames = known.filter((n) => commons.includes(n)).map(full);
  if (entityNames.length === 0) entityNames = ['A'];
  let text = declarations(outer, commons);
  if (split !== 0) {
    const part = declarations(inner, commons);
    const short = chance(0.5) ? part.replaceAll(`${space}::`, '') : part;
    text = chance(0.5) ? `namespace ${space} {\n${short}\n}\n${text}` : `${text}\nnamespace ${space} {\n${short}\n}`;
  }
  if (chance(0.05)) {
    const at = below(text.length);
    text = text.slice(0, at) + pick(['', ';', '}', ',', '"', 'in', ' Set<']) + text.slice(at + below(3));
  }
  return text;
}

// ---- policies against a schema ----

const entityTypes = (json) => Object.entries(json).flatMap(([space, of]) =>
  Object.keys(of.entityTypes).map((n) => (space ? space + '::' : '') + n));
const actions = (json) => Object.entries(json).flatMap(([space, of]) =>
  Object.keys(of.actions).map((n) => `${space ? space + '::' : ''}Action::${JSON.stringify(n)}`));

function world(json) {
  const ets = entityTypes(json).concat(chance(0.03) ? ['Nope'] : []);
  const acts = actions(json).concat(chance(0.03) ? ['Action::"nope"'] : []);
  const uid = () => chance(0.06) ? pick(acts) || 'Action::"r"' : `${pick(ets) || 'A'}::"${pick(['x', 'y', 'z'])}"`;
  const attr = () => pick(['a', 'b', 'c', 'd']);
  const get = (e) => chance(0.12) ? `${e}["x y"]` : `${e}.${attr()}`;
  function place(depth) {
    const roll = next();
    if (depth === 0 || roll < 0.5) return pick(['principal', 'resource', 'context', 'principal', 'action']);
    if (roll < 0.85) return get(place(depth - 1));
    if (roll < 0.9) return `${place(depth - 1)}.getTag("t")`;
    if (roll < 0.95) return `(if ${bool(depth - 1)} then ${place(depth - 1)} else ${place(depth - 1)})`;
    return uid();
  }
  function value(depth) {
    const roll = next();
    if (roll < 0.4) return place(2);
    if (roll < 0.5) return pick(['1', '-1', '0']);
    if (roll < 0.6) return pick(['"x"', '"t"']);
    if (roll < 0.65) return pick(['true', 'false']);
    if (roll < 0.75) return uid();
    if (roll < 0.85) return pick(['decimal("1.0")', 'ip("10.0.0.1")', 'datetime("2024-01-01")', 'duration("1d")',
      'decimal("1")', 'ip(principal.a)']);
    if (roll < 0.92 || depth === 0) return `[${times(below(3), () => value(0)).join(', ')}]`;
    return `{${ATTRS.filter(() => chance(0.3)).map((a) => `${a}: ${value(depth - 1)}`).join(', ')}}`;
  }
  /* Tests what it uses, most of the time: else hardly anything would be valid. */
  function guarded(depth) {
    const base = place(1);
    const a = attr();
    if (chance(0.2)) return `${base}.hasTag("t") && ${base}.getTag("t") == ${value(0)}`;
    if (chance(0.3)) return `${base} has ${a}.${attr()} && ${base}.${a}.${attr()} == ${value(0)}`;
    return `${base} has ${a} && ${chance(0.5) ? `${base}.${a} == ${base}.${a}` : `${base}.${a} == ${value(depth)}`}`;
  }
  function bool(depth) {
    const roll = next();
    const less = depth - 1;
    if (roll < 0.22) return `(${guarded(1)})`;
    if (roll < 0.3) return pick(['true', 'false', 'principal == principal']);
    if (roll < 0.36) return `${place(1)} is ${pick(ets) || 'A'}${chance(0.3) ? ` in ${uid()}` : ''}`;
    if (roll < 0.46) return `${place(1)} in ${chance(0.6) ? uid() : chance(0.5) ? place(1) : `[${uid()}, ${uid()}]`}`;
    if (roll < 0.54) return `${place(1)} has ${chance(0.2) ? '"x y"' : attr()}`;
    if (roll < 0.6) return `${value(1)} ${pick(['==', '!='])} ${value(1)}`;
    if (roll < 0.65) return `${value(0)} ${pick(['<', '<=', '>', '>='])} ${value(0)}`;
    if (roll < 0.7) return `${value(1)}.${pick(['contains', 'containsAll', 'containsAny'])}(${value(1)})`;
    if (roll < 0.73) return pick([`${value(1)}.isEmpty()`, `${value(0)} like "a*"`, `${value(0)}.isIpv4()`,
      `${value(0)}.lessThan(${value(0)})`, `${value(0)}.toDate() < ${value(0)}`,
      `${value(0)} + 1 > ${value(0)} * 2`, `${value(0)}.offset(duration("1h")) < ${value(0)}`]);
    if (depth === 0) return 'true';
    if (roll < 0.8) return `!(${bool(less)})`;
    if (roll < 0.9) return `(${bool(less)} && ${bool(less)})`;
    if (roll < 0.96) return `(${bool(less)} || ${bool(less)})`;
    return `(if ${bool(less)} then ${bool(less)} else ${bool(less)})`;
  }
  function scope(variable) {
    const roll = next();
    if (roll < 0.45) return variable;
    if (roll < 0.65) return `${variable} is ${pick(ets) || 'A'}`;
    if (roll < 0.8) return `${variable} in ${uid()}`;
    if (roll < 0.9) return `${variable} == ${uid()}`;
    return `${variable} is ${pick(ets) || 'A'} in ${uid()}`;
  }
  function actionScope() {
    const roll = next();
    if (acts.length === 0 || roll < 0.3) return 'action';
    if (roll < 0.7) return `action == ${pick(acts)}`;
    if (roll < 0.85) return `action in ${pick(acts)}`;
    return `action in [${pick(acts)}, ${pick(acts)}]`;
  }
  const policy = () => `${chance(0.1) ? '@id("x") ' : ''}${pick(['permit', 'forbid'])}(${scope('principal')}, ${actionScope()}, ${scope('resource')})` +
    times(below(3), () => ` ${chance(0.8) ? 'when' : 'unless'} { ${bool(2)} }`).join('') + ';';
  return { policy, ets, acts };
}

// ---- entities ----

function jsonValue(depth) {
  const roll = next();
  if (roll < 0.25) return below(5);
  if (roll < 0.4) return pick(['x', 't', '10.0.0.1', '1.0', '2024-01-01', '1d']);
  if (roll < 0.5) return chance(0.5);
  if (roll < 0.65) return { __entity: { type: pick(NAMES), id: pick(['x', 'y', 'z']) } };
  if (roll < 0.72) return { type: pick(NAMES), id: pick(['x', 'y', 'z']) };
  if (roll < 0.8) return { __extn: { fn: pick(['ip', 'decimal', 'datetime']), arg: pick(['10.0.0.1', '1.0', '2024-01-01']) } };
  if (roll < 0.9 || depth === 0) return times(below(3), () => jsonValue(0));
  return Object.fromEntries(['a', 'b', 'c', 'd', 'x y'].filter(() => chance(0.4)).map((a) => [a, jsonValue(depth - 1)]));
}
function resolved(json, space, ref, seen) {
  const name = ref.type === 'EntityOrCommon' ? ref.name : ref.type;
  for (const [at, full] of [[space, name], ['', name]]) {
    const of = json[at];
    if (of && of.commonTypes && of.commonTypes[full] && seen < 8) return resolved(json, at, of.commonTypes[full], seen + 1);
    if (of && of.entityTypes[full]) return { type: 'E', name: (at ? at + '::' : '') + full };
  }
  return { ...ref, type: name.replace('__cedar::', '') };
}
/* A value of about the declared type. */
function fitting(json, space, ref, depth) {
  if (depth === 0 || chance(0.04)) return jsonValue(1);
  const t = resolved(json, space, ref, 0);
  switch (t.type) {
    case 'Long': return below(9);
    case 'String': return pick(['x', 't']);
    case 'Bool': return chance(0.5);
    case 'decimal': return chance(0.5) ? '1.0' : { __extn: { fn: 'decimal', arg: '1.0' } };
    case 'ipaddr': return chance(0.5) ? '10.0.0.1' : { fn: 'ip', arg: '::1' };
    case 'datetime': return '2024-01-01';
    case 'duration': return '1d';
    case 'E': return chance(0.5) ? { type: t.name, id: pick(['x', 'y', 'z']) } : { __entity: { type: t.name, id: pick(['x', 'y']) } };
    case 'Set': return times(below(3), () => fitting(json, space, t.element, depth - 1));
    case 'Record': return fields(json, space, t.attributes, depth);
    default: return jsonValue(1);
  }
}
function fields(json, space, attributes, depth) {
  const made = {};
  for (const [n, a] of Object.entries(attributes)) {
    if (a.required !== false ? chance(0.98) : chance(0.5)) made[n] = fitting(json, space, a, depth - 1);
  }
  if (chance(0.03)) made.extra = 1;
  return made;
}
function entity(json) {
  const [space, of] = pick(Object.entries(json));
  const declared = Object.entries(of.entityTypes);
  if (declared.length === 0 || chance(0.1)) {
    return { uid: { type: (space ? space + '::' : '') + 'Action', id: pick(['r', 's', 'g', 't u']) }, attrs: {},
      parents: chance(0.5) ? [] : [{ type: (space ? space + '::' : '') + 'Action', id: pick(['r', 's', 'g']) }] };
  }
  const [n, d] = pick(declared);
  const made = { uid: { type: (space ? space + '::' : '') + n, id: pick(['x', 'y', 'z']) },
    attrs: d.shape && d.shape.attributes ? fields(json, space, d.shape.attributes, 4) : {},
    parents: times(below(2), () => ({ type: d.memberOfTypes && chance(0.9) ? pick(d.memberOfTypes) : pick(NAMES), id: 'p' })) };
  if (d.tags ? chance(0.5) : chance(0.03)) made.tags = { t: fitting(json, space, d.tags || { type: 'Long' }, 3) };
  return made;
}

// ---- what Cedar says ----

const say = (line) => process.stdout.write(JSON.stringify(line) + '\n');

function oneSchema() {
  const text = schema();
  const parsed = cedar.checkParseSchema(text);
  const accepted = parsed.type === 'success';
  const json = accepted ? cedar.schemaToJson(text).json : null;
  say({ schema: text, accepted, json: accepted ? JSON.stringify(json) : '' });
  if (!accepted) return;
  const w = world(json);
  const texts = {};
  times(POLICIES_PER_SCHEMA, (i) => {
    const one = w.policy();
    if (cedar.checkParsePolicySet({ staticPolicies: { p: one } }).type === 'success') texts[`p${i}`] = one;
  });
  const answer = cedar.validate({ schema: text, policies: { staticPolicies: texts } });
  const policies = Object.entries(texts).map(([id, one]) => {
    const errors = answer.validationErrors.filter((e) => e.policyId === id);
    return { text: one, valid: errors.length === 0, why: errors.map((e) => e.error.message).join('; '),
      json: JSON.stringify(cedar.policyToJson(one).json),
      formatted: cedar.formatPolicies({ policyText: one, lineWidth: 80, indentWidth: 2 }).formatted_policy };
  });
  say({ policies });
  times(ENTITIES_PER_SCHEMA, () => {
    if (Object.keys(json).length === 0) return;
    const entities = [entity(json)];
    const answer = cedar.checkParseEntities({ entities, schema: text });
    say({ entities: JSON.stringify(entities), accepted: answer.type === 'success',
      why: answer.type === 'success' ? '' : answer.errors[0].message });
  });
}

times(Number(process.argv[3] || 1) * SCHEMAS_PER_BATCH, oneSchema);
