import type { Message } from './messages.ts'

const ACCENTS: Readonly<Record<string, string>> = {
  a: 'á', e: 'é', i: 'í', o: 'ó', u: 'ú', y: 'ý', c: 'ç', n: 'ñ', s: 'š', z: 'ž',
  A: 'Á', E: 'É', I: 'Í', O: 'Ó', U: 'Ú', Y: 'Ý', C: 'Ç', N: 'Ñ', S: 'Š', Z: 'Ž',
} // biome-ignore format: a table
const GROWTH = 0.35

/** A language for tests: longer than English and in brackets, so that a text outside the catalogue stands out. */
export function pseudoText(text: string): string {
  const parts = text.split(/(\{\w+\})/)
  const accented = parts.map((part, index) =>
    index % 2 === 0 ? part.replace(/[A-Za-z]/g, (letter) => ACCENTS[letter] ?? letter) : part,
  )
  const length = parts.filter((_, index) => index % 2 === 0).join('').length
  return `[${accented.join('')}${'~'.repeat(Math.ceil(length * GROWTH))}]`
}

export function pseudoMessage(message: Message): Message {
  if (typeof message === 'string') return pseudoText(message)
  return {
    other: pseudoText(message.other),
    ...(message.one !== undefined && { one: pseudoText(message.one) }),
  }
}
