/** Who a message is for: one socket, a branch's room, the subscribers of a topic. */
export type Channel = 'direct' | 'branch' | 'pubsub'

/** Totals since the start. */
export interface ChannelFigures {
  /** Messages handed to the channel, whatever the number of receivers. */
  broadcasts: number
  /** Frames queued for sockets. */
  frames: number
  bytes: number
  /** Texts turned into bytes: a broadcast counts once, a frame that is sent again not at all. */
  serialized: number
}

export interface GatewayFigures {
  sockets: number
  /** Sockets after their hello. */
  sessions: number
  /** Rooms with at least one socket. */
  rooms: number
  topics: number
  queuedBytes: number
  channels: Record<Channel, ChannelFigures>
  /** Totals since the start. */
  received: number
  /** Slow readers that lost their pending events (protocol 2) or were closed (protocol 1). */
  resyncs: number
  slowCloses: number
  rateLimited: number
  refusedUpgrades: number
  deadSockets: number
}

const noTraffic = (): ChannelFigures => ({ broadcasts: 0, frames: 0, bytes: 0, serialized: 0 })

/** Counters behind the figures; plain fields, because they are touched for each frame. */
export class GatewayCounters {
  received = 0
  resyncs = 0
  slowCloses = 0
  rateLimited = 0
  refusedUpgrades = 0
  deadSockets = 0
  readonly channels = { direct: noTraffic(), branch: noTraffic(), pubsub: noTraffic() }

  /** A message of `bytes`, serialized for this purpose, to `receivers` sockets. */
  count(channel: Channel, receivers: number, bytes: number): void {
    const figures = this.channels[channel]
    figures.broadcasts++
    figures.serialized++
    figures.frames += receivers
    figures.bytes += receivers * bytes
  }
}
