/** Whether a role's words hold this one: `*` all, `read:*` each `read:`, `write:` its three parts. */
export function covers(permissions: readonly string[], word: string): boolean {
  const [verb, what] = word.split(':')
  const isPart = verb === 'insert' || verb === 'update' || verb === 'delete'
  const wider = ['*', word, `${verb}:*`, ...(isPart ? [`write:${what}`, 'write:*'] : [])]
  return wider.some((entry) => permissions.includes(entry))
}
