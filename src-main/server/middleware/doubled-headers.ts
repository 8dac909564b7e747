/** Headers on which admission rests, or that say what a body is. A proxy and Node may each believe another copy. */
const ONCE = new Set(['host', 'origin', 'authorization', 'content-type', 'content-length', 'transfer-encoding'])
/** Most headers have another length and are never looked up. */
const LENGTHS = new Set([...ONCE].map((name) => name.length))

/**
 * Node keeps the first copy of most of these and says nothing about the second.
 *
 * @param rawHeaders - Names and values in turn, as Node gives them.
 * @returns The name, in lower case, of a header that must not be doubled and is; undefined when all is well.
 */
export function findDoubledHeader(rawHeaders: readonly string[]): string | undefined {
  let seen = ''
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const sent = rawHeaders[index] ?? ''
    if (!LENGTHS.has(sent.length)) continue
    const name = sent.toLowerCase()
    if (!ONCE.has(name)) continue
    if (seen.includes(`,${name},`)) return name
    seen += `,${name},`
  }
  return undefined
}
