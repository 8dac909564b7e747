/**
 * A second reading of docs/rules.md, made from the text alone. It shares no code with the server, which biome.json proves:
 * nothing from src-* may be imported here. Slow and plain on purpose.
 */
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json }
export type Thing = { [name: string]: Json }

export interface Scope {
  record?: Thing
  previous?: Thing
  auth?: Thing
  request?: Thing
}

type Value = string | number | null
/** A part of a rule: what it is worth, and, for a path, the JSON itself. */
type Node = { value: (scope: Scope) => Value; json?: (scope: Scope) => Json; list?: Node[] }

/** Whether the rule, as written, holds. */
export function judge(rule: string, scope: Scope): boolean {
  return isTrue(read(rule).value(scope))
}

/** A rule that is judged many times. */
export function prepare(rule: string): (scope: Scope) => boolean {
  const node = read(rule)
  return (scope) => isTrue(node.value(scope))
}

function isTrue(value: Value): boolean {
  return typeof value === 'number' && value !== 0
}

function read(rule: string): Node {
  const words = [
    ...rule.matchAll(
      /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[A-Za-z_]\w*|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[=!<>]=|&&|\|\||\S/gu,
    ),
  ]
  const tokens = words.map(([word]) => ({ and: '&&', or: '||', not: '!' })[word] ?? word)
  const node = readAny(tokens)
  if (tokens.length > 0) throw new Error(`cannot read ${rule}: ${tokens.join(' ')}`)
  return node
}

function readAny(tokens: string[]): Node {
  const parts = [readAll(tokens)]
  while (tokens[0] === '||') {
    tokens.shift()
    parts.push(readAll(tokens))
  }
  return parts.length === 1 ? parts[0]! : truth((scope) => parts.some(({ value }) => isTrue(value(scope))))
}

function readAll(tokens: string[]): Node {
  const parts = [readNot(tokens)]
  while (tokens[0] === '&&') {
    tokens.shift()
    parts.push(readNot(tokens))
  }
  return parts.length === 1 ? parts[0]! : truth((scope) => parts.every(({ value }) => isTrue(value(scope))))
}

function readNot(tokens: string[]): Node {
  if (tokens[0] !== '!') return readComparison(tokens)
  tokens.shift()
  const inner = readNot(tokens)
  return truth((scope) => !isTrue(inner.value(scope)))
}

function readComparison(tokens: string[]): Node {
  const left = readOperand(tokens)
  const [sign] = tokens
  if (sign === 'in' || (sign === '!' && tokens[1] === 'in')) {
    tokens.splice(0, sign === 'in' ? 1 : 2)
    const list = readOperand(tokens)
    return truth((scope) => isAmong(left.value(scope), list, scope) === (sign === 'in'))
  }
  if (sign === undefined || !['==', '!=', '<', '<=', '>', '>='].includes(sign)) return left
  tokens.shift()
  const right = readOperand(tokens)
  return truth((scope) => holds(sign, left.value(scope), right.value(scope)))
}

function isAmong(value: Value, { list, json }: Node, scope: Scope): boolean {
  if (list) return list.some((item) => item.value(scope) === value)
  const items = json?.(scope)
  return Array.isArray(items) && items.some((item) => plain(item) === value)
}

/** Equality is of type and value; order is of numbers, or of texts by their UTF-8 bytes; null has none. */
function holds(sign: string, left: Value, right: Value): boolean {
  if (sign === '==') return left === right
  if (sign === '!=') return left !== right
  if (left === null || right === null || typeof left !== typeof right) return false
  const order =
    typeof left === 'string' ? Buffer.from(left).compare(Buffer.from(right as string)) : left - (right as number)
  if (sign === '<') return order < 0
  if (sign === '<=') return order <= 0
  return sign === '>' ? order > 0 : order >= 0
}

function readOperand(tokens: string[]): Node {
  const word = tokens.shift() ?? ''
  if (word === '(') {
    const inner = readAny(tokens)
    tokens.shift()
    return inner
  }
  if (word === '[') return readList(tokens)
  if (word === '-') return constant(-Number(tokens.shift()))
  if (/^\d/.test(word)) return constant(Number(word))
  if (/^['"]/.test(word)) {
    const text = word.slice(1, -1)
    return constant(text.replace(/\\(.)/gsu, (_, sign: string) => ({ n: '\n', r: '\r', t: '\t' })[sign] ?? sign))
  }
  if (word === 'true' || word === 'false') return constant(word === 'true' ? 1 : 0)
  if (word === 'null') return constant(null)
  if (word === 'size' || word === 'lower') return readFunction(word, tokens)
  return readPath(word as keyof Scope, tokens)
}

function readList(tokens: string[]): Node {
  const list: Node[] = []
  while (tokens[0] !== ']') {
    if (tokens[0] === ',') tokens.shift()
    list.push(readOperand(tokens))
  }
  tokens.shift()
  return { value: () => null, list }
}

function readFunction(name: 'size' | 'lower', tokens: string[]): Node {
  tokens.shift()
  const argument = readOperand(tokens)
  tokens.shift()
  if (name === 'lower') {
    return {
      value(scope) {
        const value = argument.value(scope)
        return typeof value === 'string' ? value.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) : null
      },
    }
  }
  return { value: (scope) => sizeOf(argument.json ? argument.json(scope) : argument.value(scope)) }
}

function sizeOf(value: Json): number {
  if (typeof value === 'string') return Array.from(value).length
  if (Array.isArray(value)) return value.length
  return value !== null && typeof value === 'object' ? Object.keys(value).length : 0
}

function readPath(root: keyof Scope, tokens: string[]): Node {
  const names: string[] = []
  while (tokens[0] === '.') {
    tokens.shift()
    names.push(tokens.shift()!)
  }
  const json = (scope: Scope): Json => {
    let value: Json | undefined = scope[root]
    for (const name of names) {
      const isObject: boolean = typeof value === 'object' && value !== null && !Array.isArray(value)
      value = isObject && Object.hasOwn(value as Thing, name) ? (value as Thing)[name] : undefined
    }
    return value ?? null
  }
  return { value: (scope) => plain(json(scope)), json }
}

/** true and false are 1 and 0, lists and objects their JSON. */
function plain(value: Json): Value {
  if (typeof value === 'boolean') return value ? 1 : 0
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value
}

function constant(value: Value): Node {
  return { value: () => value }
}

function truth(holdsFor: (scope: Scope) => boolean): Node {
  return { value: (scope) => (holdsFor(scope) ? 1 : 0) }
}
