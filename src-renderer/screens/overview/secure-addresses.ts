import type { NetworkFacts } from '../../state/access.ts'

/** Where tablets open the branch by https: its addresses with the other port. Empty while https is not served. */
export function secureAddresses({ addresses, https }: NetworkFacts): string[] {
  if (https === null) return []
  const lan = addresses.filter(({ kind }) => kind === 'lan')
  return lan.map(({ url }) => {
    const { hostname } = new URL(url)
    return `https://${hostname}:${https.port}/`
  })
}
