import { createServer } from 'node:http'
import { type RawData, WebSocket, WebSocketServer } from 'ws'
import { Random } from '../../scripts/seed-history/random.ts'

/** Probabilities for each frame, 0 to 1, unless said otherwise. */
export interface Weather {
  /** Longest time that a frame is held back, in ms; frames of one direction stay in order. */
  delayMs: number
  /** Both ends are cut. What was held back is lost. */
  cut: number
  /**
   * The client's end is cut. What the client has sent arrives at the server all the same, perhaps after the client has
   * come back by another connection: the server has not noticed yet.
   */
  lateCut: number
  /** Nothing gets through any more, and nobody is told: a tablet that left the Wi-Fi. */
  silence: number
  /** The frame comes twice. Towards the server publishes only. */
  repeat: number
  /** The frame changes places with the next one, if that comes while it is held back. Towards the server publishes only. */
  swap: number
}

export const CALM: Weather = { delayMs: 0, cut: 0, lateCut: 0, silence: 0, repeat: 0, swap: 0 }

/** What was done to the frames. */
export type Disturbances = Record<Exclude<keyof Weather, 'delayMs'>, number>

/** A WebSocket proxy with bad weather on it. */
export interface FrameProxy {
  readonly wsUrl: string
  readonly done: Disturbances
  weather: Weather
  close(): Promise<void>
}

/**
 * Passes frames between clients and a server, and disturbs them as chance wants it. The seed repeats the choices of each
 * connection and direction; how they meet in time is up to the machine.
 *
 * TCP delivers the bytes of one direction of one connection in order and once, so a real network can only delay, cut and
 * fall silent, and that is not little: a late frame of a lost connection comes after the frames of the next one, acks get
 * lost, and a client sends again what the server has. Repeats and swaps go beyond it (a client or a server with a fault):
 *
 * - towards the client every frame may be repeated or swapped, since each says where it belongs;
 * - towards the server publishes only, with other publishes: a client has never two writes of one record under way, so
 *   their order is free, and each has a request id. A hello or a query is a conversation whose order means something.
 */
export async function startFrameProxy(target: () => string, seed: number, weather: Weather): Promise<FrameProxy> {
  const http = createServer()
  const server = new WebSocketServer({ server: http })
  const upstreams = new Set<WebSocket>()
  const proxy = { weather, done: { cut: 0, lateCut: 0, silence: 0, repeat: 0, swap: 0 } }
  let connections = 0

  server.on('connection', (client) => {
    const number = ++connections
    const upstream = new WebSocket(target(), { perMessageDeflate: false })
    upstreams.add(upstream)
    upstream.once('close', () => upstreams.delete(upstream))
    let isSilent = false

    const disturb = (kind: keyof Disturbances): void => {
      proxy.done[kind]++
      if (kind === 'silence') isSilent = true
      if (kind === 'cut' || kind === 'lateCut') client.terminate()
      if (kind === 'cut') upstream.terminate()
    }
    const up = new Lane(
      new Random(seed, number, 1),
      () => proxy.weather,
      { isTaken: isPublish, disturb },
      (text) => {
        if (!isSilent && upstream.readyState === WebSocket.OPEN) upstream.send(text)
      },
    )
    const down = new Lane(
      new Random(seed, number, 2),
      () => proxy.weather,
      { isTaken: () => true, disturb },
      (text) => {
        if (!isSilent && client.readyState === WebSocket.OPEN) client.send(text)
      },
    )
    const opened = new Promise<void>((resolve) => upstream.once('open', resolve))
    client.on('message', (data: RawData) => void opened.then(() => up.take(String(data))))
    upstream.on('message', (data: RawData) => down.take(String(data)))
    for (const socket of [client, upstream]) socket.on('error', () => undefined)
    client.on('close', () => up.end(() => upstream.terminate()))
    upstream.on('close', () => down.end(() => client.close()))
  })

  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const address = http.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  return Object.assign(proxy, {
    wsUrl: `ws://127.0.0.1:${address.port}/ws`,
    async close() {
      for (const socket of [...server.clients, ...upstreams]) socket.terminate()
      server.close()
      await new Promise<void>((resolve) => http.close(() => resolve()))
    },
  })
}

interface LaneRules {
  /** The frame may be repeated and swapped. */
  isTaken(text: string): boolean
  disturb(kind: keyof Disturbances): void
}

interface HeldFrame {
  text: string
  isMovable: boolean
  dueAt: number
}

/** One direction of one connection. */
class Lane {
  readonly #random: Random
  readonly #weather: () => Weather
  readonly #rules: LaneRules
  readonly #pass: (text: string) => void
  #held: HeldFrame[] = []
  #timer: NodeJS.Timeout | undefined
  #ended: (() => void) | undefined

  constructor(random: Random, weather: () => Weather, rules: LaneRules, pass: (text: string) => void) {
    this.#random = random
    this.#weather = weather
    this.#rules = rules
    this.#pass = pass
  }

  take(text: string): void {
    const { delayMs, cut, lateCut, silence, repeat, swap } = this.#weather()
    const before = this.#held.at(-1)
    const dueAt = Math.max(before?.dueAt ?? 0, performance.now() + this.#random.fraction() * delayMs)
    const frame = { text, isMovable: this.#rules.isTaken(text), dueAt }
    if (this.#random.chance(silence)) this.#rules.disturb('silence')
    if (this.#random.chance(swap) && frame.isMovable && before?.isMovable) {
      this.#rules.disturb('swap')
      this.#held.splice(-1, 0, frame)
    } else this.#held.push(frame)
    if (this.#random.chance(repeat) && frame.isMovable) {
      this.#rules.disturb('repeat')
      this.#held.push({ ...frame })
    }
    if (this.#random.chance(cut)) this.#rules.disturb('cut')
    else if (this.#random.chance(lateCut)) this.#rules.disturb('lateCut')
    this.#move()
  }

  /** Calls back once everything that is held has been passed on. */
  end(then: () => void): void {
    this.#ended = then
    this.#move()
  }

  #move(): void {
    if (this.#timer !== undefined) return
    const now = performance.now()
    while (this.#held.length > 0 && this.#held[0]!.dueAt <= now) this.#pass(this.#held.shift()!.text)
    const [next] = this.#held
    if (!next) this.#ended?.()
    else {
      this.#timer = setTimeout(() => {
        this.#timer = undefined
        this.#move()
      }, next.dueAt - now)
    }
  }
}

function isPublish(text: string): boolean {
  return text.startsWith('{"type":"client:publish"')
}
