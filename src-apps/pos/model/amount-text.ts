import { toLatinDigits } from '../../../src-renderer/i18n/text-input.ts'

const MAX_WHOLE_DIGITS = 9

/** What was typed as a plain decimal: digits of any kind, either separator; undefined when it cannot become an amount. */
export function cleanAmount(text: string, decimals: number): string | undefined {
  const plain = toLatinDigits(text)
    .replace(/[\s\u066c]/g, '')
    .replace(/[,\u066b]/g, '.')
  const pattern = new RegExp(`^\\d{0,${MAX_WHOLE_DIGITS}}${decimals > 0 ? `(\\.\\d{0,${decimals}})?` : ''}$`)
  return pattern.test(plain) ? plain.replace(/^0+(?=\d)/, '') : undefined
}

/** The text after a key of the keypad. A key that makes no amount does nothing. */
export function pressKey(text: string, key: string, decimals: number): string {
  if (key === 'back') return text.slice(0, -1)
  return cleanAmount(text + key, decimals) ?? text
}
