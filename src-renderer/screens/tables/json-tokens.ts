export interface JsonToken {
  kind: 'key' | 'text' | 'number' | 'word' | 'sign'
  text: string
  /** Where it starts. */
  at: number
}

const PARTS = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(true|false|null)/g

/** Cuts printed JSON into parts for colouring. Joined again they are the text. */
export function tokenizeJson(text: string): JsonToken[] {
  const tokens: JsonToken[] = []
  let at = 0
  function push(kind: JsonToken['kind'], part: string): void {
    if (part === '') return
    tokens.push({ kind, text: part, at })
    at += part.length
  }
  for (const match of text.matchAll(PARTS)) {
    push('sign', text.slice(at, match.index))
    const [whole, quoted, colon, number] = match
    if (quoted !== undefined) {
      push(colon === undefined ? 'text' : 'key', quoted)
      push('sign', colon ?? '')
    } else {
      push(number === undefined ? 'word' : 'number', whole)
    }
  }
  push('sign', text.slice(at))
  return tokens
}
