import { request } from 'node:http'

const TIMEOUT_MS = 15_000

export interface RawAnswer {
  status: number
  headers: NodeJS.Dict<string | string[]>
  text: string
}

/** A request whose path and headers reach the server exactly as written, which `fetch` would tidy up or refuse. */
export function sendRaw(
  base: string,
  call: { method?: string; path: string; headers?: Record<string, string>; chunks?: readonly Uint8Array[] },
): Promise<RawAnswer> {
  const { hostname, port } = new URL(base)
  const { method = 'GET', path, headers, chunks = [] } = call
  return new Promise((resolve, reject) => {
    const outgoing = request({ hostname, port, method, path, headers, timeout: TIMEOUT_MS }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(parts).toString('utf8')
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text })
      })
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer to ${method} ${path}`)))
    outgoing.on('error', reject)
    const write = (index: number): void => {
      const chunk = chunks[index]
      // Each chunk leaves on its own: the next one waits until this one was handed to the network.
      if (chunk === undefined) outgoing.end()
      else outgoing.write(chunk, () => setImmediate(write, index + 1))
    }
    write(0)
  })
}
