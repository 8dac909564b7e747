const ARABIC_INDIC_ZERO = 0x0660
const EASTERN_ZERO = 0x06f0

/** Both kinds of Arabic digits become Latin ones: people type what their keyboard has. */
export function toLatinDigits(text: string): string {
  return text.replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => {
    const code = digit.charCodeAt(0)
    return String(code - (code >= EASTERN_ZERO ? EASTERN_ZERO : ARABIC_INDIC_ZERO))
  })
}

/** For comparing what was typed with what is there: alef, ta marbuta, tatweel, diacritics, case, digits. */
export function foldForSearch(text: string): string {
  return toLatinDigits(text)
    .normalize('NFKD')
    .replace(/[\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u0640]/g, '')
    .replace(/[أإآٱ]/g, 'ا')
    .replace(/ى/g, 'ي')
    .replace(/ة/g, 'ه')
    .toLocaleLowerCase('en')
    .trim()
}

export function matchesSearch(query: string, ...texts: readonly string[]): boolean {
  const folded = foldForSearch(query)
  return folded === '' || texts.some((text) => foldForSearch(text).includes(folded))
}

/** A whole number as typed, digits of either kind, separators allowed. Undefined when it is none. */
export function parseWholeNumber(text: string): number | undefined {
  const plain = toLatinDigits(text).replace(/[\s,٬_]/g, '')
  if (!/^\d{1,15}$/.test(plain)) return undefined
  return Number(plain)
}
