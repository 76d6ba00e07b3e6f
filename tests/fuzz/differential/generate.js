// SPDX-FileCopyrightText: Ketenpoort contributors
// SPDX-License-Identifier: EUPL-1.2

// generate: random policies, requests and entities with what Cedar's own engine
// (@cedar-policy/cedar-wasm) makes of them, one JSON object per line, for cedar_differential:
//   {"policies": text, "entities": text, "case": text}   a case in the public corpus format
//   {"parse": text, "accepted": bool}                     a policy text, whole or damaged
//   {"entities": text, "accepted": bool}                  entity data, whole or damaged
// Every policy is a permit, so the answer tells for each one: true (a reason), error, or false.
// Integers in data stay below 2^53, because they pass through JavaScript numbers; those in policy
// text do not and go to the ends of 64 bits.
//
// usage: node --no-opt generate.js SEED BATCHES      (NODE_PATH names the folder with the package)

'use strict';
const cedar = require('@cedar-policy/cedar-wasm/nodejs');

const POLICIES_PER_BATCH = 150;
const REQUESTS_PER_BATCH = 12;
const PARSES_PER_BATCH = 12;
const DATA_PER_BATCH = 4;

// ---- chance: a small generator with a seed, so that a difference can be made again ----

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

// ---- the world ----

const TYPES = ['User', 'Group', 'Doc', 'NS::Team', 'NS::Sub::Org'];
const IDS = ['a', 'b', 'c', '', 'x y', 'é', '"q"', '\n'];
const ATTRS = ['n', 's', 'b', 'e', 'set', 'rec', 'ip', 'dec', 'dt', 'dur', 'x y', 'if', ''];
const KINDS = ['bool', 'long', 'string', 'entity', 'set', 'record', 'decimal', 'ip', 'datetime',
  'duration'];
const KIND_OF_ATTR = { n: 'long', s: 'string', b: 'bool', e: 'entity', set: 'set', rec: 'record',
  ip: 'ip', dec: 'decimal', dt: 'datetime', dur: 'duration' };
const LONGS = ['0', '1', '2', '3', '7', '10', '100', '-1', '-2', '9007199254740991',
  '9223372036854775807', '-9223372036854775808', '4611686018427387904', '3037000500', '007'];
const STRINGS = ['', 'a', 'b', 'ab', 'aab', 'abab', '*', 'a*b', 'é', '\u{1f600}', '"', '\\', '\n',
  '10.0.0.1', '1.0', '2024-01-01', '1d', '\0'];
const PATTERNS = ['*', '', 'a*', '*b', 'a*b', '*a*b*', '\\*', 'a\\*b', '**', '\\u{2a}', 'é*', '*\\n',
  '\\x2a\\\\', '*\u{1f600}'];
const DECIMALS = ['0.0', '1.0', '1.00', '-1.5', '-0.5', '922337203685477.5807',
  '-922337203685477.5808', '922337203685477.5808', '1', '1.', '.5', '1.00000', '+1.0', '00.1', '1.0 '];
const IPS = ['10.0.0.1', '10.0.0.0/8', '10.0.0.1/8', '10.0.0.1/32', '127.0.0.1', '127.0.0.1/7', '::1',
  '::1/128', '::1/127', '::', 'ff00::1', 'ff00::/8', 'ff00::/7', '224.0.0.1', '239.255.255.255/4',
  '224.0.0.0/3', '1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7::', '::2:3:4:5:6:7:8', '1::8', '2001:DB8::1/32',
  '0.0.0.0/0', '::/0', '10.0.0.1/00', '10.0.0.01', '256.0.0.1', '1.2.3', '::ffff:1.2.3.4', 'fe80::1%1',
  '[::1]', '1::2::3', '10.0.0.1/33', '::1/129', '12345::', '', ':', ':::', '1:2:3:4:5:6:7:8:9',
  '::1:2:3:4:5:6:7:8', '0000:0000:0000:0000:0000:0000:0000:0001/128'];
const DATETIMES = ['1970-01-01', '2024-02-29', '2023-02-29', '0000-01-01', '9999-12-31',
  '2024-01-01T00:00:00Z', '2024-01-01T23:59:59.999Z', '2024-01-01T12:00:00+0100',
  '2024-01-01T12:00:00.123-2359', '2024-01-01T24:00:00Z', '2024-01-01T23:59:60Z', '2024-1-1',
  '2024-01-01T12:00:00', '2024-01-01t12:00:00z', '2024-01-01T12:00:00.9Z', '2024-13-01',
  '2024-01-01T12:00:00-0000', '1969-12-31T23:59:59.999Z', '2024-01-01T12:00:00+2400',
  '0000-01-01T00:00:00+2359', '-001-01-01'];
const DURATIONS = ['0ms', '1d', '1h', '1m', '1s', '1ms', '-1ms', '1d2h3m4s5ms', '-1500ms', '2h1d', '',
  '-', '1', 'd', '1d1d', '9223372036854775807ms', '-9223372036854775808ms', '9223372036854775808ms',
  '106751991167d', '106751991168d', '1 d', '+1d', '-86400001ms', '1ms1s'];
const METHODS = { decimal: ['lessThan', 'lessThanOrEqual', 'greaterThan', 'greaterThanOrEqual'],
  ip0: ['isIpv4', 'isIpv6', 'isLoopback', 'isMulticast'] };

// ---- text ----

function quote(text) {
  let out = '"';
  for (const c of text) {
    const code = c.codePointAt(0);
    if (c === '"' || c === '\\') {
      out += '\\' + c;
    } else if (code === 0) {
      out += '\\0';
    } else if (code < 32 || chance(0.02)) {
      out += '\\u{' + code.toString(16) + '}';
    } else {
      out += c;
    }
  }
  return out + '"';
}
const uidText = (u) => u.type + '::' + quote(u.id);
const randomUid = () => ({ type: pick(TYPES), id: pick(IDS) });
const isPlain = (name) => /^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name) &&
  !['true', 'false', 'if', 'then', 'else', 'in', 'is', 'like', 'has', '__cedar'].includes(name);

// ---- data ----

function randomData(kind, depth) {
  switch (kind) {
    case 'bool': return chance(0.5);
    case 'long': return pick([0, 1, 2, 3, -1, 100, 9007199254740991, -9007199254740991]);
    case 'string': return pick(STRINGS);
    case 'entity': return { __entity: randomUid() };
    case 'set': return times(below(4), () => randomData(pick(KINDS), depth + 1));
    case 'record': return depth > 2 ? {} : randomRecord(depth + 1);
    case 'decimal': return { __extn: { fn: 'decimal', arg: pick(DECIMALS.slice(0, 6)) } };
    case 'ip': return { __extn: { fn: 'ip', arg: pick(IPS.slice(0, 20)) } };
    case 'datetime': return chance(0.2)
      ? { __extn: { fn: 'offset', args: [{ __extn: { fn: 'datetime', arg: '2024-02-29' } },
        { __extn: { fn: 'duration', arg: pick(['1d', '-1ms', '0ms']) } }] } }
      : { __extn: { fn: 'datetime', arg: pick(DATETIMES.slice(0, 2)) } };
    default: return { __extn: { fn: 'duration', arg: pick(DURATIONS.slice(0, 9)) } };
  }
}
function randomRecord(depth) {
  const record = {};
  for (const attr of ATTRS) {
    if (chance(depth === 0 ? 0.7 : 0.3)) {
      record[attr] = randomData(chance(0.95) ? KIND_OF_ATTR[attr] || pick(KINDS) : pick(KINDS), depth);
    }
  }
  return record;
}
// Parents point to types later in the list or to a later id, so there is no cycle.
function randomEntities() {
  const all = [];
  for (const [t, type] of TYPES.entries()) {
    for (const [i, id] of IDS.entries()) {
      if (chance(0.5)) {
        const parents = times(below(3), () => {
          const up = t + below(TYPES.length - t);
          const ids = up === t ? IDS.slice(i + 1) : IDS;
          return ids.length === 0 ? null : { type: TYPES[up], id: pick(ids) };
        }).filter((p) => p !== null);
        const entity = { uid: { type, id }, attrs: randomRecord(0), parents };
        if (chance(0.5)) {
          entity.tags = Object.fromEntries(times(below(3), () => [pick(STRINGS), randomData(pick(KINDS), 1)]));
        }
        all.push(entity);
      }
    }
  }
  if (chance(0.7)) {
    all.push({ uid: { type: 'Action', id: 'read' }, attrs: {}, parents: [{ type: 'Action', id: 'all' }] });
  }
  return all;
}

// ---- expressions ----

const operand = (text) => /^[A-Za-z_0-9:."()[\]]*$/.test(text) ? text : '(' + text + ')';

function constructor(fn, list, good) {
  const text = chance(0.75) ? pick(list.slice(0, good)) : pick(list);
  return fn + '(' + (chance(0.95) ? quote(text) : expression('string', 3)) + ')';
}

function access(depth) {
  let text = chance(0.5) ? 'context' : pick(['principal', 'resource', 'context', 'action',
    operand(expression('entity', depth + 1)), operand(expression('record', depth + 1))]);
  for (let i = 0; i <= below(2); i++) {
    const attr = pick(ATTRS);
    text += isPlain(attr) && chance(0.9) ? '.' + attr : '[' + quote(attr) + ']';
  }
  return text;
}
function attribute(kind, depth) {
  const attr = Object.keys(KIND_OF_ATTR).find((a) => KIND_OF_ATTR[a] === kind);
  return pick(['context', 'context', 'principal', 'resource', operand(expression('entity', depth + 1))]) +
    '.' + attr;
}

function boolean(depth) {
  const e = (kind) => operand(expression(kind, depth + 1));
  const comparable = pick(['long', 'long', 'datetime', 'duration']);
  const same = pick(KINDS);
  switch (below(22)) {
    case 0: return pick(['true', 'false']);
    case 1: return e('bool') + ' && ' + e('bool');
    case 2: return e('bool') + ' || ' + e('bool');
    case 3: return pick(['!', '!!', '!!!!']) + e('bool');
    case 4: return e(comparable) + pick([' < ', ' <= ', ' > ', ' >= ']) + e(comparable);
    case 5: return e(same) + pick([' == ', ' != ']) + e(chance(0.9) ? same : pick(KINDS));
    case 6: return e('entity') + ' in ' + e('entity');
    case 7: return e('entity') + ' in [' + times(below(4), () => expression('entity', depth + 1)).join(', ') + ']';
    case 8: return e('entity') + ' is ' + pick(TYPES) + (chance(0.4) ? ' in ' + e('entity') : '');
    case 9: return e(pick(['record', 'entity'])) + ' has ' + quote(pick(ATTRS));
    case 10: return pick(['context', 'principal', 'resource', e('entity')]) + ' has ' +
      times(1 + below(3), () => pick(['rec', 'n', 'e', 's', 'b'])).join('.');
    case 11: return e('string') + ' like "' + pick(PATTERNS) + '"';
    case 12: return e('set') + '.contains(' + expression(pick(KINDS), depth + 1) + ')';
    case 13: return e('set') + pick(['.containsAll(', '.containsAny(']) + expression('set', depth + 1) + ')';
    case 14: return e('set') + '.isEmpty()';
    case 15: return e('entity') + '.hasTag(' + expression('string', depth + 1) + ')';
    case 16: return e('decimal') + '.' + pick(METHODS.decimal) + '(' + expression('decimal', depth + 1) + ')';
    case 17: return e('ip') + '.' + pick(METHODS.ip0) + '()';
    case 18: return e('ip') + '.isInRange(' + expression('ip', depth + 1) + ')';
    case 19: return e('ip') + '.' + pick(METHODS.ip0.concat(METHODS.decimal)) +
      '(' + times(below(3), () => expression(pick(KINDS), depth + 1)).join(', ') + ')';
    case 20: return attribute('bool', depth);
    default: return 'context.b';
  }
}

function ofKind(kind, depth) {
  const e = (k) => operand(expression(k, depth + 1));
  switch (kind) {
    case 'bool': return boolean(depth);
    case 'long': return pick([
      () => pick(LONGS), () => pick(LONGS), () => attribute('long', depth),
      () => e('long') + pick([' + ', ' - ', ' * ']) + e('long'),
      () => pick(['-', '--', '---']) + e('long'),
      () => e('duration') + '.' + pick(['toMilliseconds', 'toSeconds', 'toMinutes', 'toHours', 'toDays']) + '()',
    ])();
    case 'string': return chance(0.7) ? quote(pick(STRINGS)) : attribute('string', depth);
    case 'entity': return pick([() => 'principal', () => 'resource', () => 'action',
      () => uidText(randomUid()), () => attribute('entity', depth)])();
    case 'set': return chance(0.6)
      ? '[' + times(below(4), () => expression(pick(KINDS), depth + 1)).join(', ') + ']'
      : attribute('set', depth);
    case 'record': {
      if (chance(0.5)) {
        return pick(['context', 'context.rec', 'principal.rec']);
      }
      const names = ATTRS.filter(() => chance(0.15));
      return '{' + names.map((n) => (isPlain(n) && chance(0.5) ? n : quote(n)) + ': ' +
        expression(KIND_OF_ATTR[n] || pick(KINDS), depth + 1)).join(', ') + '}';
    }
    case 'decimal': return chance(0.7) ? constructor('decimal', DECIMALS, 7) : attribute('decimal', depth);
    case 'ip': return chance(0.7) ? constructor('ip', IPS, 23) : attribute('ip', depth);
    case 'datetime': return pick([() => constructor('datetime', DATETIMES, 2), () => attribute('datetime', depth),
      () => e('datetime') + '.offset(' + expression('duration', depth + 1) + ')',
      () => e('datetime') + '.toDate()'])();
    default: return pick([() => constructor('duration', DURATIONS, 9), () => attribute('duration', depth),
      () => e('datetime') + '.durationSince(' + expression('datetime', depth + 1) + ')',
      () => e('datetime') + '.toTime()'])();
  }
}

function expression(kind, depth) {
  if (chance(0.03)) {
    kind = pick(KINDS);
  }
  if (depth > 5) {
    return { bool: 'true', long: '1', string: '"a"', entity: 'principal', set: '[1]', record: '{}',
      decimal: 'decimal("1.0")', ip: 'ip("::1")', datetime: 'datetime("2024-01-01")',
      duration: 'duration("1d")' }[kind];
  }
  const roll = next();
  if (roll < 0.05) {
    return 'if ' + expression('bool', depth + 1) + ' then ' + expression(kind, depth + 1) + ' else ' +
      expression(kind, depth + 1);
  }
  if (roll < 0.1) {
    return access(depth);
  }
  if (roll < 0.13) {
    return operand(expression('entity', depth + 1)) + '.getTag(' + expression('string', depth + 1) + ')';
  }
  return ofKind(kind, depth);
}

function scope(variable) {
  const uid = uidText(randomUid());
  switch (below(8)) {
    case 0: return variable + ' == ' + uid;
    case 1: return variable + ' in ' + uid;
    case 2: return variable + ' is ' + pick(TYPES);
    case 3: return variable + ' is ' + pick(TYPES) + ' in ' + uid;
    default: return variable;
  }
}
const actionScope = () => pick(['action', 'action', 'action == Action::"read"', 'action in Action::"all"',
  'action in [Action::"x", Action::"all"]', 'action in []']);
function policy() {
  const plain = chance(0.8);
  const head = 'permit(' + (plain ? 'principal, action, resource'
    : [scope('principal'), actionScope(), scope('resource')].join(', ')) + ')';
  const conditions = times(chance(0.9) ? 1 : 2, () => (chance(0.85) ? ' when { ' : ' unless { ') +
    expression('bool', chance(0.3) ? 0 : 2) + ' }');
  return head + conditions.join('') + ';';
}

// ---- damage ----

const SCRAPS = ['(', ')', '[', ']', '{', '}', ',', ';', '.', '::', ':', '==', '=', '!', '-', '&&', '||', 'if ',
  'then ', 'else ', ' in ', ' has ', ' like ', ' is ', '"', '\\', '?principal', '?x', '@a ', '//', '\n', '1',
  '9223372036854775808', 'true', 'context', 'principal', '__cedar', '\u00a0', '\ufeff', '/', '%', '*', '<', '#'];
function damage(text) {
  const at = below(text.length + 1);
  const words = text.match(/[A-Za-z0-9_]+|[=!<>&|]+|[-+*.,]/g) || ['1'];
  switch (below(8)) {
    case 4:
    case 5: return text.replace(pick(words), pick(words));
    case 6: return text.replace(/ /, pick(['', '  ', '\n', '\u00a0', ' // x\n']));
    case 7: return text.replace(/\((.*)\)/, pick(['$1', '(($1))', '[$1]', '{$1}']));
    case 0: return text.slice(0, at) + pick(SCRAPS) + text.slice(at);
    case 1: return text.slice(0, at) + text.slice(at + 1 + below(3));
    case 2: return text.slice(0, at) + pick(SCRAPS) + text.slice(at + 1);
    default: {
      const other = below(text.length + 1);
      return text.slice(0, at) + text.slice(other, other + 1 + below(12)) + text.slice(at);
    }
  }
}
function damageData(entities) {
  if (entities.length === 0) {
    return entities;
  }
  const all = JSON.parse(JSON.stringify(entities));
  const e = pick(all);
  // An escape with a member missing or too many is not here: Cedar silently takes it for a plain
  // record, we refuse it on purpose.
  const bad = [1.5, null, { __entity: { type: 'A b', id: 'x' } },
    { __extn: { fn: 'ip', arg: 'x' } }, { __extn: { fn: 'lessThan', arg: '1.0' } }, { __expr: '1' },
    { __extn: { fn: 'decimal', arg: 1 } }, { __extn: { fn: 'decimal', args: ['1.0'] } },
    { __extn: { fn: 'nope', arg: '1.0' } }, [[[null]]], { a: { b: null } },
    { __entity: { type: 'if', id: 'x' } }, { __entity: { type: '__cedar::A', id: 'x' } },
    { type: 'User', id: 'a' }, { fn: 'ip', arg: '::1' }];
  switch (below(9)) {
    case 0: delete e.attrs; break;
    case 1: delete e.parents; break;
    case 2: delete e.uid; break;
    case 3: e.parents.push(e.uid); break;
    case 4: e.attrs.n = pick(bad); break;
    case 5: e.tags = { t: pick(bad) }; break;
    case 6: all.push(JSON.parse(JSON.stringify(pick(all)))); break;
    case 7: e.parents.push(pick(['x', 1, null, { type: 'User' }, { __entity: { type: 'User', id: 'a' } },
      { type: 'User', id: 'zz' }])); break;
    default: all.push({ uid: e.uid, attrs: { other: 1 }, parents: [] });
  }
  return all;
}

// ---- what Cedar says ----

const say = (line) => process.stdout.write(JSON.stringify(line) + '\n');

function sayCase(number) {
  const sound = [];
  while (sound.length < POLICIES_PER_BATCH) {
    const text = policy();
    if (text.length < 4000) {
      sound.push(text);
    }
  }
  const policies = sound.join('\n');
  const entities = randomEntities();
  const parsed = cedar.preparsePolicySet('p', { staticPolicies: policies });
  if (parsed.type !== 'success') {
    throw new Error('the generator made a policy that Cedar refuses: ' + JSON.stringify(parsed).slice(0, 500));
  }
  const requests = [];
  for (let i = 0; i < REQUESTS_PER_BATCH; i++) {
    const request = { principal: randomUid(), action: { type: 'Action', id: pick(['read', 'other']) },
      resource: randomUid(), context: randomRecord(0) };
    const answer = cedar.statefulIsAuthorized({ ...request, preparsedPolicySetId: 'p', entities });
    if (answer.type !== 'success') {
      throw new Error('no answer: ' + JSON.stringify(answer).slice(0, 500));
    }
    requests.push({ ...request, decision: answer.response.decision,
      reason: answer.response.diagnostics.reason,
      errors: answer.response.diagnostics.errors.map((e) => e.policyId) });
  }
  say({ policies, entities: JSON.stringify(entities),
    case: JSON.stringify({ policies: 'policies', entities: 'entities', schema: 'schema',
      shouldValidate: true, requests }) });
  for (let i = 0; i < PARSES_PER_BATCH; i++) {
    let text = pick(sound);
    for (let k = below(3); k > 0; k--) {
      text = damage(text);
    }
    if (!text.includes('unknown') && text.isWellFormed()) {
      const set = cedar.checkParsePolicySet({ staticPolicies: text });
      let accepted = set.type === 'success';
      if (!accepted && text.includes('?')) {
        accepted = cedar.checkParsePolicySet({ templates: { t: text } }).type === 'success';
      }
      say({ parse: text, accepted });
    }
  }
  for (let i = 0; i < DATA_PER_BATCH; i++) {
    const data = damageData(entities);
    say({ entities: JSON.stringify(data), accepted: cedar.checkParseEntities({ entities: data }).type === 'success' });
  }
}

const batches = Number(process.argv[3] || 10);
for (let i = 0; i < batches; i++) {
  sayCase(i);
}
