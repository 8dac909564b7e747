import { LoadClient } from './client.ts'
import { Journal } from './journal.ts'
import type { Link } from './operation.ts'
import { RestLink } from './rest-link.ts'
import { SocketLink } from './socket-link.ts'

/** What the parent asks of the load process, and what it hears. */
export type LoadCommand =
  | { type: 'open'; journal: string; seed: number; sockets: number; rest: number }
  | { type: 'go'; url: string }
  /** The server is gone: finish, keep what was lost. */
  | { type: 'halt' }
  /** The server is back: send again what was lost. */
  | { type: 'settle'; url: string }
  | { type: 'end' }

export type LoadReply = { type: 'done'; acknowledged: number; problems: string[] } | { type: 'failed'; message: string }

const SOCKET_DEPTH = 4

/** Runs the mixed load in a process of its own, so that the death of the server never takes the oracle along. */
class MixedLoad {
  readonly #journal: Journal
  readonly #clients: { client: LoadClient; isSocket: boolean }[] = []
  #links: Link[] = []

  constructor({ journal, seed, sockets, rest }: Extract<LoadCommand, { type: 'open' }>) {
    this.#journal = new Journal(journal)
    for (let index = 0; index < sockets; index++) this.#add(`ws${index}`, seed, true)
    for (let index = 0; index < rest; index++) this.#add(`rest${index}`, seed, false)
  }

  #add(name: string, seed: number, isSocket: boolean): void {
    this.#clients.push({ client: new LoadClient(name, seed, this.#journal, isSocket), isSocket })
  }

  async run(command: Exclude<LoadCommand, { type: 'open' }>): Promise<void> {
    switch (command.type) {
      case 'go':
        await this.#connect(command.url)
        for (const [index, { client, isSocket }] of this.#clients.entries()) {
          client.start(this.#links[index]!, isSocket ? SOCKET_DEPTH : 1)
        }
        break
      case 'halt':
        await Promise.all(this.#clients.map(({ client }) => client.stop()))
        this.#disconnect()
        break
      case 'settle':
        await this.#connect(command.url)
        for (const [index, { client }] of this.#clients.entries()) {
          if (!(await client.settle(this.#links[index]!)))
            throw new Error(`${client.name} lost an answer while settling`)
        }
        this.#disconnect()
        break
      case 'end':
        this.#disconnect()
    }
    this.#journal.flush()
  }

  summary(): LoadReply {
    const acknowledged = this.#clients.reduce((sum, { client }) => sum + client.acknowledged, 0)
    return { type: 'done', acknowledged, problems: this.#clients.flatMap(({ client }) => client.problems) }
  }

  async #connect(url: string): Promise<void> {
    const wsUrl = `${url.replace(/^http/, 'ws')}/ws`
    this.#links = await Promise.all(
      this.#clients.map(({ client, isSocket }, index): Link | Promise<Link> =>
        // Half of the sockets hear all events, as tablets do.
        isSocket ? SocketLink.open(wsUrl, client.name, index % 2 === 0 ? [] : undefined) : new RestLink(url),
      ),
    )
  }

  #disconnect(): void {
    for (const link of this.#links) link.close()
    this.#links = []
  }
}

let load: MixedLoad | undefined

process.on('message', (command: LoadCommand) => {
  if (command.type === 'open') {
    load = new MixedLoad(command)
    process.send!(load.summary())
    return
  }
  const running = load!
  running.run(command).then(
    () => {
      process.send!(running.summary())
      if (command.type === 'end') process.disconnect()
    },
    (error: unknown) => process.send!({ type: 'failed', message: String(error) } satisfies LoadReply),
  )
})
