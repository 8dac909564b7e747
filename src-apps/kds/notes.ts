/** The texts of a `notes` field: a text, or a list of texts or of `{message | text}`, as clients write them. */
export function noteTexts(notes: unknown): string[] {
  const entries = Array.isArray(notes) ? notes : [notes]
  return entries.map(textOf).filter((text) => text !== '')
}

function textOf(entry: unknown): string {
  if (typeof entry === 'string') return entry.trim()
  if (typeof entry !== 'object' || entry === null) return ''
  const { message, text } = entry as { message?: unknown; text?: unknown }
  const found = typeof message === 'string' ? message : text
  return typeof found === 'string' ? found.trim() : ''
}

/**
 * Words that make a note a matter of health, in both languages, with and without hamza, shadda and ta marbuta. Rather one
 * warning too many than one too few.
 */
const ALLERGY =
  /allerg|anaphyl|gluten|c(o)?eliac|lactose|dairy[- ]?free|peanut|\bnuts?\b|shellfish|sesame|epipen|حساسي|تحسس|جلوتين|غلوتين|لاكتوز|مكسرات|فول سوداني|سمسم|قشريات|جمبري/iu

export function isAllergy(text: string): boolean {
  return ALLERGY.test(text.normalize('NFKC').replace(/[\u064b-\u065f\u0640]/g, ''))
}
