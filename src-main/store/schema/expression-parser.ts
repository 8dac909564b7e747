import { AppError } from '../../../src-shared/errors.ts'
import type { CompareOperator, Expression, LiteralExpression, PathExpression, PathRoot } from './expression-ast.ts'

const MAX_LENGTH = 4000
const MAX_DEPTH = 32
const MAX_TOKENS = 1000
const ROOTS = new Set<string>(['record', 'previous', 'auth', 'request'])
const COMPARISONS = new Set<string>(['==', '!=', '<', '<=', '>', '>='])
const TOKEN =
  /\s*(?:(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|([A-Za-z_][A-Za-z0-9_]*)|('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(==|!=|<=|>=|&&|\|\||[<>!()[\],.-]))/suy
const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t' }
const WORD_OPERATORS: Record<string, string> = { and: '&&', or: '||', not: '!' }

interface Token {
  kind: 'number' | 'word' | 'text' | 'sign' | 'end'
  /** The sign, the word, or the text without its quotes. */
  text: string
  at: number
}

/**
 * Parses an expression of the rule language:
 *
 * - paths `record.x`, `previous.x`, `auth.x`, `request.x`; numbers, 'texts' or "texts", true, false, null, [lists]
 * - `==` `!=` `<` `<=` `>` `>=`, `in`, `not in`; and / or / not, also `&&` `||` `!`; parentheses
 * - kept(record.x): the record that a reference points at is kept; size(x); lower(x)
 *
 * @throws AppError `invalid-schema` with the position (`details.position`, counted from 0); also for a text longer than
 * 4000 characters or nested deeper than 32.
 */
export function parseExpression(text: string): Expression {
  if (text.length > MAX_LENGTH) throw failure(`the expression is longer than ${MAX_LENGTH} characters`, MAX_LENGTH)
  const parser = new Parser(tokenize(text))
  return parser.parse()
}

function failure(problem: string, position: number): AppError {
  return new AppError('invalid-schema', `In the expression, at character ${position + 1}: ${problem}`, {
    details: { position },
  })
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  const end = text.trimEnd().length
  const pattern = new RegExp(TOKEN)
  while (pattern.lastIndex < end) {
    const start = pattern.lastIndex
    const match = pattern.exec(text)
    if (!match) {
      const at = start + text.slice(start).search(/\S/)
      throw failure(`unexpected ${/['"]/.test(text[at]!) ? 'text without its closing quote' : `"${text[at]}"`}`, at)
    }
    const [whole, number, word, quoted, sign] = match
    const token = number ?? word ?? quoted ?? sign!
    const at = start + whole.length - token.length
    if (number !== undefined) tokens.push({ kind: 'number', text: number, at })
    else if (word !== undefined) tokens.push({ kind: 'word', text: word, at })
    else if (quoted !== undefined) tokens.push({ kind: 'text', text: unquote(quoted), at })
    else tokens.push({ kind: 'sign', text: sign!, at })
    if (tokens.length > MAX_TOKENS) throw failure('the expression is too long', at)
  }
  tokens.push({ kind: 'end', text: '', at: end })
  return tokens
}

function unquote(quoted: string): string {
  return quoted.slice(1, -1).replace(/\\(.)/gsu, (_, character: string) => ESCAPES[character] ?? character)
}

/** Recursive descent: or, and, not, comparison, operand. */
class Parser {
  readonly #tokens: Token[]
  #position = 0
  #depth = 0

  constructor(tokens: Token[]) {
    this.#tokens = tokens
  }

  parse(): Expression {
    const expression = this.#parseOr()
    if (this.#current.kind !== 'end') throw this.#unexpected()
    return expression
  }

  get #current(): Token {
    return this.#tokens[this.#position]!
  }

  #unexpected(expected?: string): AppError {
    const { kind, text, at } = this.#current
    const found = kind === 'end' ? 'the expression ends too early' : `unexpected "${text.slice(0, 40)}"`
    return failure(expected ? `${found}, expected ${expected}` : found, at)
  }

  /** The sign or operator word under the cursor: `and` reads as `&&`. */
  #operator(): string | undefined {
    const { kind, text } = this.#current
    if (kind === 'sign') return text
    if (kind !== 'word') return undefined
    return text === 'in' ? 'in' : Object.hasOwn(WORD_OPERATORS, text) ? WORD_OPERATORS[text] : undefined
  }

  #take(operator: string): boolean {
    if (this.#operator() !== operator) return false
    this.#position++
    return true
  }

  #expect(operator: string): void {
    if (!this.#take(operator)) throw this.#unexpected(`"${operator}"`)
  }

  #nested<T>(parse: () => T): T {
    if (++this.#depth > MAX_DEPTH) throw failure('nested too deep', this.#current.at)
    const result = parse()
    this.#depth--
    return result
  }

  #parseOr(): Expression {
    return this.#parseSeries('or', '||', () => this.#parseSeries('and', '&&', () => this.#parseNot()))
  }

  #parseSeries(kind: 'and' | 'or', operator: string, parseItem: () => Expression): Expression {
    const items = [parseItem()]
    while (this.#take(operator)) items.push(parseItem())
    return items.length === 1 ? items[0]! : { kind, items }
  }

  #parseNot(): Expression {
    if (!this.#take('!')) return this.#parseComparison()
    return { kind: 'not', operand: this.#nested(() => this.#parseNot()) }
  }

  #parseComparison(): Expression {
    const left = this.#parseOperand()
    const operator = this.#operator()
    if (operator !== undefined && COMPARISONS.has(operator)) {
      this.#position++
      return { kind: 'compare', operator: operator as CompareOperator, left, right: this.#parseOperand() }
    }
    if (this.#take('in')) return { kind: 'in', isNegated: false, value: left, list: this.#parseListOperand() }
    if (operator === '!' && this.#tokens[this.#position + 1]?.text === 'in') {
      this.#position++
      this.#expect('in')
      return { kind: 'in', isNegated: true, value: left, list: this.#parseListOperand() }
    }
    return left
  }

  #parseListOperand(): Expression {
    const at = this.#current.at
    const list = this.#parseOperand(true)
    if (list.kind === 'list' || list.kind === 'path') return list
    throw failure('after "in" comes a list or a path', at)
  }

  #parseOperand(allowsList = false): Expression {
    const token = this.#current
    switch (token.kind) {
      case 'number':
        if (!Number.isFinite(Number(token.text))) throw failure('the number is too large', token.at)
        this.#position++
        return { kind: 'literal', value: Number(token.text) }
      case 'text':
        this.#position++
        return { kind: 'literal', value: token.text }
      case 'word':
        return this.#parseWord(token)
      case 'sign':
        return this.#parseSign(token, allowsList)
      case 'end':
        throw this.#unexpected('a value')
    }
  }

  #parseSign(token: Token, allowsList: boolean): Expression {
    if (token.text === '-' && this.#tokens[this.#position + 1]?.kind === 'number') {
      this.#position++
      const number = this.#parseOperand() as LiteralExpression
      return { kind: 'literal', value: 0 - Number(number.value) }
    }
    if (this.#take('(')) {
      const inner = this.#nested(() => this.#parseOr())
      this.#expect(')')
      return inner
    }
    if (allowsList && this.#take('[')) return this.#parseListItems()
    throw this.#unexpected('a value')
  }

  #parseListItems(): Expression {
    const items: Expression[] = []
    while (!this.#take(']')) {
      if (items.length > 0) this.#expect(',')
      const at = this.#current.at
      const item = this.#parseOperand()
      if (item.kind !== 'literal' && item.kind !== 'path') throw failure('a list holds values and paths', at)
      items.push(item)
    }
    return { kind: 'list', items }
  }

  #parseWord(token: Token): Expression {
    if (this.#operator() !== undefined) throw this.#unexpected('a value')
    this.#position++
    switch (token.text) {
      case 'true':
      case 'false':
        return { kind: 'literal', value: token.text === 'true' }
      case 'null':
        return { kind: 'literal', value: null }
      case 'kept':
        return { kind: 'kept', path: this.#parseArgument(() => this.#parseRecordPath()) }
      case 'size':
      case 'lower':
        return { kind: token.text, argument: this.#parseArgument(() => this.#parseOperand()) }
    }
    if (ROOTS.has(token.text)) return this.#parsePath(token)
    throw failure(
      `unknown word "${token.text.slice(0, 40)}"; paths start with record, previous, auth or request`,
      token.at,
    )
  }

  #parseArgument<T>(parse: () => T): T {
    this.#expect('(')
    const argument = this.#nested(parse)
    this.#expect(')')
    return argument
  }

  #parseRecordPath(): PathExpression {
    const token = this.#current
    if (token.text !== 'record') throw this.#unexpected('a path that starts with "record."')
    this.#position++
    return this.#parsePath(token)
  }

  #parsePath(root: Token): PathExpression {
    const path: string[] = []
    while (this.#take('.')) {
      const token = this.#current
      if (token.kind !== 'word') throw this.#unexpected('a name')
      this.#position++
      path.push(token.text)
    }
    if (path.length === 0) throw failure(`"${root.text}" needs a name behind it: ${root.text}.name`, root.at)
    return { kind: 'path', root: root.text as PathRoot, path }
  }
}
