import type { Platform, TabChannel } from '../lib/platform.ts'
import type { Outbox } from '../queue/outbox.ts'
import type { TabMessage } from '../queue/outbox-host.ts'

/** A tab that does not lead and waits for answers looks this often, in case the leader died before it could tell. */
const LOOK_MS = 2_000
/** The leader looks at each fifth time: another tab may die between keeping a write and telling of it. */
const LEADER_LOOKS = 5

type LinkMessage = TabMessage | { kind: 'leader-free' }

/** What tabs of one browser tell each other about the queue they share. Without BroadcastChannel they only look. */
export class TabLink {
  readonly #platform: Platform
  readonly #outbox: Outbox
  readonly #isLeader: () => boolean
  readonly #channel: TabChannel | undefined
  #timer: unknown
  #looks = 0

  constructor(
    platform: Platform,
    name: string,
    outbox: Outbox,
    handlers: { isLeader: () => boolean; onLeaderFree: () => void },
  ) {
    this.#platform = platform
    this.#outbox = outbox
    this.#isLeader = handlers.isLeader
    this.#channel = platform.openChannel(name, (message) => {
      const told = message as LinkMessage
      if (told.kind === 'settled') outbox.noticeSettled(told.id, told.outcome)
      else if (told.kind === 'leader-free') handlers.onLeaderFree()
      else void outbox.reload()
    })
    this.#look()
  }

  tell(message: LinkMessage): void {
    this.#channel?.post(message)
  }

  close(): void {
    this.#platform.clearTimeout(this.#timer)
    this.#channel?.close()
  }

  #look(): void {
    this.#timer = this.#platform.setTimeout(() => {
      const isDue = this.#isLeader() ? ++this.#looks % LEADER_LOOKS === 0 : this.#outbox.pending.length > 0
      if (isDue || this.#channel === undefined) void this.#outbox.reload()
      this.#look()
    }, LOOK_MS)
  }
}
