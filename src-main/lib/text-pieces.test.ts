import { expect, test } from 'vitest'
import { encodePieces, joinPieces, TextSlab } from './text-pieces.ts'

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

test('texts in a slab stay what they are when others follow, whatever their length', () => {
  const slab = new TextSlab()
  const texts = Array.from({ length: 3000 }, (_, index) => `${index} مرحبا 🍽 "\\ ${'ab'.repeat(index % 200)}`)
  texts.push('x'.repeat(300_000), '', 'ع'.repeat(21_845), '\ud800')
  const encoded = texts.map((text) => slab.encode(text))
  expect(encoded.map((bytes) => bytes.toString('utf8'))).toEqual(texts.map((text) => text.toWellFormed()))
})
