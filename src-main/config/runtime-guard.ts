/** Node-API version that the SQLite driver is built for. */
const NEEDED_NODE_API = 10

/**
 * Checked before anything loads the SQLite driver: under an older runtime that crashes the process instead of throwing.
 *
 * @returns One sentence about a runtime that is too old, or undefined.
 */
export function describeOldRuntime(versions: Partial<Record<string, string>> = process.versions): string | undefined {
  const nodeApi = Number(versions.napi ?? 0)
  if (nodeApi >= NEEDED_NODE_API) return undefined
  const runtime = versions.electron ? `Electron ${versions.electron}` : `Node ${versions.node ?? 'of unknown version'}`
  return (
    `${runtime} is too old for the SQLite driver (it has Node-API ${nodeApi}, the driver needs ${NEEDED_NODE_API}): ` +
    `use Node 22.14 or newer, for example with "npm start", which uses the Node that "npm ci" installed.`
  )
}
