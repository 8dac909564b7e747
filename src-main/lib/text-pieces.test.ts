import { expect, test } from 'vitest'
import { encodePieces, joinPieces } from './text-pieces.ts'

test('pieces become one text, whatever they come as and however long they are', () => {
  for (const pieces of [
    [],
    ['{"a":', Buffer.from('"شاي 🫖"'), '}'],
    ['é', Buffer.from('x'.repeat(70_000)), 'شاي'.repeat(30_000)],
  ]) {
    const text = pieces.map(String).join('')
    expect(joinPieces(pieces)).toBe(text)
    expect(encodePieces(pieces).equals(Buffer.from(text))).toBe(true)
  }
})

test('what was encoded stays as it is when the next text is encoded', () => {
  const first = encodePieces(['first'])
  encodePieces(['other'])
  expect(first.toString()).toBe('first')
})
