export interface GatewayOptions {
  path: string
  /** Time between pings. */
  heartbeatMs: number
  /** A socket that leaves this many pings unanswered, and takes no bytes either, is dead. */
  maxMissedBeats: number
  maxFrameBytes: number
  /** Deepest nesting of JSON in a frame. */
  maxDepth: number
  /** Most bytes of events that may wait for a slow reader. */
  maxEventBytes: number
  /** Unread answers at which we stop reading from a socket. */
  maxDirectBytes: number
  /** Frames per socket; false for tests and benches on loopback, which also lifts the limit per address. */
  rateLimit: { burst: number; perSecond: number } | false
  /** Sockets that an address may open in a minute; loopback is not counted. */
  socketOpensPerMinute: number
  maxSockets: number
  maxSocketsPerAddress: number
  /** Longest wait for sockets to take their last acks when the server stops. */
  closeTimeoutMs: number
  /** Up to this many missed events are sent one by one; more as a delta. */
  maxCatchUpEvents: number
  /** Most changed records in one delta frame. */
  maxDeltaRecords: number
  snapshotPartBytes: number
}

export const DEFAULT_GATEWAY_OPTIONS: GatewayOptions = {
  path: '/ws',
  heartbeatMs: 15_000,
  maxMissedBeats: 2,
  maxFrameBytes: 1_048_576,
  maxDepth: 64,
  maxEventBytes: 4 * 1_048_576,
  maxDirectBytes: 1_048_576,
  rateLimit: { burst: 500, perSecond: 200 },
  socketOpensPerMinute: 100,
  maxSockets: 2_000,
  maxSocketsPerAddress: 128,
  closeTimeoutMs: 1_000,
  maxCatchUpEvents: 500,
  maxDeltaRecords: 1_000,
  snapshotPartBytes: 1_048_576,
}

/** What the sink of a socket holds at most before the rest waits in its queue. */
export const HAND_OVER_BYTES = 262_144
