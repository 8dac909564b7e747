import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../../src-shared/json.ts'
import { compileToSql, type Expression, evaluateExpression, listPaths, parseExpression } from './expression.ts'

const holds = (text: string, record: JsonObject, others = {}) =>
  evaluateExpression(parseExpression(text), { record, ...others })

describe('parseExpression', () => {
  test('operators bind as usual: not, then and, then or', () => {
    const expected = parseExpression('((not (record.a == 1)) and record.b) or record.c')
    expect(parseExpression('!(record.a == 1) && record.b || record.c')).toEqual(expected)
    expect(parseExpression('not record.a == 1 and record.b or record.c')).toEqual(expected)
  })

  test('the tree of a rule', () => {
    expect(parseExpression(`record.status not in ['a', "b\\"c", null, -1.5e1] and kept(record.orderId)`)).toEqual({
      kind: 'and',
      items: [
        {
          kind: 'in',
          isNegated: true,
          value: { kind: 'path', root: 'record', path: ['status'] },
          list: { kind: 'list', items: ['a', 'b"c', null, -15].map((value) => ({ kind: 'literal', value })) },
        },
        { kind: 'kept', path: { kind: 'path', root: 'record', path: ['orderId'] } },
      ],
    })
  })

  test.each([
    ['', 0],
    ['   ', 0],
    ['record', 0],
    ['record.', 7],
    ['record.a ==', 11],
    ['record.a = 1', 9],
    ['record.a == 1 2', 14],
    ['record.a == 1 == 2', 14],
    ['(record.a', 9],
    ["record.a == 'x", 12],
    ['other.a == 1', 0],
    ['record.a in 5', 12],
    ['record.a in [[1]]', 13],
    ['record.a in [1,]', 15],
    ['record.a in [1 2]', 15],
    ['[1]', 0],
    ['kept(auth.id)', 5],
    ['kept(5)', 5],
    ['size()', 5],
    ['and record.a', 0],
    ['record.a == 1e999', 12],
    ['record.a # 1', 9],
    ['constructor.a', 0],
    ['record.a; drop', 8],
  ])('%s is refused at character %i', (text, position) => {
    expect(() => parseExpression(text)).toThrow(
      expect.objectContaining({ code: 'invalid-schema', details: { position } }),
    )
  })

  test('length and depth have limits', () => {
    const refused = expect.objectContaining({ code: 'invalid-schema' })
    expect(() => parseExpression(`record.a == '${'x'.repeat(4000)}'`)).toThrow(refused)
    expect(() => parseExpression(`${'('.repeat(40)}record.a${')'.repeat(40)}`)).toThrow(refused)
    expect(() => parseExpression(`${'!'.repeat(2000)}record.a`)).toThrow(refused)
    expect(() => parseExpression(`record.a${' or 1'.repeat(700)}`)).toThrow(refused)
    expect(() => parseExpression(`${'('.repeat(30)}record.a${')'.repeat(30)}`)).not.toThrow()
  })

  test('no text makes it fail in another way', () => {
    const pieces = fc.constantFrom(
      'record.a',
      'auth',
      '.',
      '==',
      'in',
      'not',
      '(',
      ')',
      '[',
      ']',
      ',',
      '1',
      "'x'",
      '-',
      'and',
      '!',
      '"',
      '\\',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces).map((parts) => parts.join(' ')),
        ),
        (text) => {
          try {
            parseExpression(text)
          } catch (error) {
            expect(error).toMatchObject({ code: 'invalid-schema' })
          }
        },
      ),
      { numRuns: 3000 },
    )
  })

  test('listPaths names everything that is read', () => {
    const paths = listPaths(
      parseExpression('size(record.a.b) > 1 or lower(auth.x) in [record.c] or not kept(record.d)'),
    )
    expect(paths.map(({ root, path, isKept }) => `${root}.${path.join('.')}${isKept ? ' kept' : ''}`)).toEqual([
      'record.a.b',
      'auth.x',
      'record.c',
      'record.d kept',
    ])
  })
})

describe('evaluateExpression', () => {
  test.each<[string, JsonObject, boolean]>([
    ['record.isClosed == false', { isClosed: false }, true],
    ['record.isClosed == false', {}, false],
    ['record.isClosed != true', {}, true],
    ['record.isClosed == 0', { isClosed: false }, true],
    ['record.a == null', {}, true],
    ['record.a == null', { a: null }, true],
    ['record.a == record.b', {}, true],
    ['record.a != null', { a: 0 }, true],
    ['record.a < 5', {}, false],
    ['record.a >= null', { a: 1 }, false],
    ['not (record.a < 5)', {}, true],
    ['record.a == 5', { a: '5' }, false],
    ['record.a < 5', { a: '4' }, false],
    ["record.a < 'b'", { a: 'a' }, true],
    ["record.a > 'b'", { a: 'bb' }, true],
    ["record.status in ['open', 'held']", { status: 'held' }, true],
    ["record.status in ['open', 'held']", {}, false],
    ["record.status not in ['open', 'held']", {}, true],
    ['record.status in []', { status: 'x' }, false],
    ['record.status in [null]', {}, true],
    ['record.flag in [true]', { flag: true }, true],
    ['record.a', { a: true }, true],
    ['record.a', { a: 2 }, true],
    ['record.a', { a: 'yes' }, false],
    ['record.a', { a: 0 }, false],
    ['!record.a', {}, true],
    ["'x' in record.tags", { tags: ['x', 'y'] }, true],
    ["'x' in record.tags", { tags: 'x' }, false],
    ['record.meta.table == 4', { meta: { table: 4 } }, true],
    ['record.meta.table.x == null', { meta: { table: 4 } }, true],
    ['record.constructor == null', {}, true],
    ['record.__proto__ == null', {}, true],
    ['size(record.notes) == 2', { notes: ['a', 'b'] }, true],
    ['size(record.notes) == 2', { notes: 'a😀' }, true],
    ['size(record.notes) == 1', { notes: { a: 1 } }, true],
    ['size(record.notes) == 0', { notes: 5 }, true],
    ["lower(record.code) == 'abÄ'", { code: 'ABÄ' }, true],
    ['lower(record.code) == null', { code: 5 }, true],
    ['record.meta == \'{"a":1}\'', { meta: { a: 1 } }, true],
    ['(record.a == 1) == (record.b == 1)', { a: 2, b: 2 }, true],
  ])('%s on %j is %s', (text, record, expected) => {
    expect(holds(text, record)).toBe(expected)
  })

  test('other roots and kept come from the scope', () => {
    const scope = {
      auth: { role: 'cashier', branches: ['dar'] },
      previous: { a: 1 },
      kept: (path: string) => path === 'orderId',
    }
    expect(holds("auth.role == 'cashier' and record.branch in auth.branches", { branch: 'dar' }, scope)).toBe(true)
    expect(holds('record.a > previous.a and request.method == null', { a: 2 }, scope)).toBe(true)
    expect(holds('kept(record.orderId) and not kept(record.shiftId)', {}, scope)).toBe(true)
    expect(holds('kept(record.orderId)', {})).toBe(false)
  })
})

describe('compileToSql', () => {
  const names = {
    column: (path: string) => (path === 'missing' ? undefined : `"${path}"`),
    kept: (path: string) => `"${path}" IN (SELECT id FROM kept)`,
  }
  const sqlOf = (text: string, more = {}) => compileToSql(parseExpression(text), { ...names, ...more })

  test('a column against constants stays what an index can serve', () => {
    expect(sqlOf("record.status in ['open', 'held'] and record.isClosed == false and kept(record.orderId)")).toEqual({
      sql:
        `((("status" IN (?, ?) AND typeof("status") = 'text')) AND ` +
        `("isClosed" = ? AND typeof("isClosed") IN ('integer', 'real')) AND ("orderId" IN (SELECT id FROM kept)))`,
      parameters: ['open', 'held', 0],
    })
  })

  test('constants on the left are mirrored, null is IS NULL, values are never in the text', () => {
    expect(sqlOf('5 < record.a').sql).toBe(`("a" > ? AND typeof("a") IN ('integer', 'real'))`)
    expect(sqlOf('record.a == null')).toEqual({ sql: '("a" IS NULL)', parameters: [] })
    expect(sqlOf("record.a == '\\'; DROP TABLE x; --'").sql).not.toContain('DROP')
  })

  test('paths of the caller become parameters', () => {
    const scope = { auth: { id: 'u1', roles: ['a', 'b'] } }
    expect(sqlOf('record.owner == auth.id', { scope }).parameters).toEqual(['u1'])
    expect(sqlOf('record.role in auth.roles', { scope }).parameters).toEqual(['a', 'b'])
    expect(sqlOf("auth.id == 'u1'", { scope })).toEqual({ sql: '1', parameters: [] })
  })

  test.each(['record.missing == 1', 'auth.id == 1', 'size(record.a) > 1', "'x' in record.tags"])(
    '%s cannot be compiled here',
    (text) => {
      expect(() => sqlOf(text)).toThrow(expect.objectContaining({ code: 'invalid-schema' }))
    },
  )
})

/** Two evaluators that share no code with the first: plain JavaScript, and SQLite itself. */
describe('three readings of the language agree', () => {
  const FIELDS = ['t', 'n', 'b', 'j', 'x'] as const
  const scalar: fc.Arbitrary<JsonValue> = fc.oneof(
    fc.constantFrom('', 'a', 'A', 'b', 'é', '5', '1', '', '😀', null, true, false, 0, 1, 5, -1, 0.5, 5.5),
    fc.integer({ min: -3, max: 6 }),
  )
  const anyValue: fc.Arbitrary<JsonValue> = fc.oneof(
    { weight: 6, arbitrary: scalar },
    { weight: 1, arbitrary: fc.array(scalar, { maxLength: 3 }) },
    { weight: 1, arbitrary: fc.constantFrom<JsonValue>({}, { a: 1 }, { a: 'x', b: 2 }) },
  )
  const record = fc.dictionary(fc.constantFrom(...FIELDS), anyValue) as fc.Arbitrary<JsonObject>
  const authRecord = fc.dictionary(fc.constantFrom('p', 'q'), anyValue) as fc.Arbitrary<JsonObject>

  const literal = scalar.map((value): Expression => ({ kind: 'literal', value: value as string }))
  const field = fc.constantFrom(...FIELDS).map((name): Expression => ({ kind: 'path', root: 'record', path: [name] }))
  const auth = fc.constantFrom('p', 'q').map((name): Expression => ({ kind: 'path', root: 'auth', path: [name] }))
  const expression = fc.letrec<{ value: Expression; condition: Expression }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      field,
      literal,
      auth,
      field.map((argument): Expression => ({ kind: 'lower', argument })),
      field.map((argument): Expression => ({ kind: 'size', argument })),
      auth.map((argument): Expression => ({ kind: 'size', argument })),
      tie('condition'),
    ),
    condition: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.record({
        kind: fc.constant('compare' as const),
        operator: fc.constantFrom('==', '!=', '<', '<=', '>', '>=' as const),
        left: tie('value'),
        right: tie('value'),
      }) as fc.Arbitrary<Expression>,
      fc.record({
        kind: fc.constant('in' as const),
        isNegated: fc.boolean(),
        value: tie('value'),
        list: fc.oneof(
          fc.array(fc.oneof(literal, field), { maxLength: 4 }).map((items): Expression => ({ kind: 'list', items })),
          auth,
        ),
      }),
      field.map((path) => ({ kind: 'kept', path }) as Expression),
      tie('value'),
      fc.record({ kind: fc.constant('not' as const), operand: tie('condition') }),
      fc.record({
        kind: fc.constantFrom('and', 'or'),
        items: fc.array(tie('condition'), { minLength: 1, maxLength: 3 }),
      }) as fc.Arbitrary<Expression>,
    ),
  })).condition

  const isKept = (path: string) => path === 'n' || path === 't'

  // biome-ignore lint/complexity/noExcessiveCognitiveComplexity: one case a kind of node is the shape of an evaluator
  function reference(node: Expression, own: JsonObject, caller: JsonObject): unknown {
    const get = (path: Expression & { kind: 'path' }) => {
      const source: JsonObject = path.root === 'record' ? own : caller
      return source[path.path[0]!] ?? null
    }
    const plain = (value: unknown) =>
      typeof value === 'boolean' ? Number(value) : typeof value === 'object' && value ? JSON.stringify(value) : value
    const value = (child: Expression) => plain(reference(child, own, caller))
    const truth = (child: Expression) => typeof value(child) === 'number' && value(child) !== 0
    switch (node.kind) {
      case 'literal':
        return node.value
      case 'path':
        return get(node)
      case 'lower': {
        const text = value(node.argument)
        return typeof text === 'string' ? text.replace('A', 'a') : null
      }
      case 'size': {
        const item = node.argument.kind === 'path' ? get(node.argument) : value(node.argument)
        if (typeof item === 'string') return Array.from(item).length
        return typeof item === 'object' && item ? Object.keys(item).length : 0
      }
      case 'compare': {
        const [left, right] = [value(node.left), value(node.right)]
        if (node.operator === '==') return left === right
        if (node.operator === '!=') return left !== right
        if (left === null || right === null || typeof left !== typeof right) return false
        const order =
          typeof left === 'number'
            ? left - (right as number)
            : Buffer.compare(Buffer.from(String(left)), Buffer.from(String(right)))
        return { '<': order < 0, '<=': order <= 0, '>': order > 0, '>=': order >= 0 }[node.operator]
      }
      case 'in': {
        const items = node.list.kind === 'list' ? node.list.items.map(value) : get(node.list as never)
        return (Array.isArray(items) && items.map(plain).includes(value(node.value) as never)) !== node.isNegated
      }
      case 'kept':
        return isKept(node.path.path[0]!)
      case 'and':
        return !node.items.some((item) => !truth(item))
      case 'or':
        return node.items.some(truth)
      case 'not':
        return !truth(node.operand)
      case 'list':
        return null
    }
  }

  test('evaluate and the reference', () => {
    fc.assert(
      fc.property(expression, record, authRecord, (node, own, caller) => {
        const expected = reference({ kind: 'and', items: [node] }, own, caller)
        expect(evaluateExpression(node, { record: own, auth: caller, kept: isKept })).toBe(expected)
      }),
      { numRuns: 5000 },
    )
  })

  test('evaluate and SQLite, with generated columns of every affinity', () => {
    const database = new DatabaseSync(':memory:')
    database.exec(
      `CREATE TABLE r (doc TEXT, t TEXT AS (doc ->> '$.t'), n AS (doc ->> '$.n'), b INTEGER AS (doc ->> '$.b'))`,
    )
    const columns: Record<string, string> = { t: 't', n: 'n', b: 'b' }
    const insert = database.prepare('INSERT INTO r (doc) VALUES (?)')
    const clear = database.prepare('DELETE FROM r')
    fc.assert(
      fc.property(expression, record, authRecord, (node, given, caller) => {
        // A typed column holds what its type gives: text in t, numbers and booleans in b.
        const own = { ...given }
        if (typeof own.t !== 'string') delete own.t
        if (typeof own.b === 'string' || typeof own.b === 'object') delete own.b
        clear.run()
        insert.run(JSON.stringify(own))
        const { sql, parameters } = compileToSql(node, {
          column: (path) => columns[path] ?? `(doc ->> '$.${path}')`,
          jsonType: (path) => `json_type(doc, '$.${path}')`,
          kept: (path) => (isKept(path) ? '1' : '0'),
          scope: { auth: caller },
        })
        const row = database.prepare(`SELECT ${sql} AS holds FROM r`).get(...parameters)
        expect(row).toEqual({ holds: Number(evaluateExpression(node, { record: own, auth: caller, kept: isKept })) })
      }),
      { numRuns: 5000 },
    )
    database.close()
  })

  test('an index serves the comparison with constants', () => {
    const database = new DatabaseSync(':memory:')
    database.exec(`CREATE TABLE r (doc TEXT, s TEXT AS (doc ->> '$.s')); CREATE INDEX r_s ON r (s)`)
    const names = { column: () => 's', kept: () => '0' }
    for (const text of [
      "record.s == 'a'",
      "record.s in ['a', 'b']",
      "record.s > 'a' and record.s < 'c'",
      'record.s == null',
    ]) {
      const { sql, parameters } = compileToSql(parseExpression(text), names)
      const plan = database.prepare(`EXPLAIN QUERY PLAN SELECT doc FROM r WHERE ${sql}`).all(...parameters)
      expect(JSON.stringify(plan)).toContain('USING INDEX r_s')
    }
    database.close()
  })
})
