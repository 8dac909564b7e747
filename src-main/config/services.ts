import type { Log } from '../lib/log.ts'

/** What the server tells the process that runs it. */
export type ServerNotice =
  /** Shown on the terminal only, never logged: the code with which the first manager proves to stand at this machine. */
  | { kind: 'setup-code'; code: string }
  /** One sentence about something that a person should look at; shown by the tray until `problem-solved`. */
  | { kind: 'problem'; code: string; message: string }
  | { kind: 'problem-solved'; code: string }
  /** https is served from now on; `fingerprint` of the branch's authority, null with a certificate of the owner's. */
  | { kind: 'https'; urls: readonly string[]; fingerprint: string | null }
  /** How many devices are connected; shown by the tray. */
  | { kind: 'devices'; connected: number }
  /** Settings changed that need a new start of the server. */
  | { kind: 'restart-wanted'; reason: string }

export interface ServerServices {
  log: Log
  notify(notice: ServerNotice): void
}

export interface RunningServer {
  /** The address for this machine, without a trailing slash. */
  readonly url: string
  readonly port: number
  readonly serverId: string
  /** No manager exists yet: everyone who is admitted is an administrator. So too when absent. */
  readonly isOpen?: boolean
  /** Stops accepting, says goodbye to sockets, finishes the running commit, checkpoints. May be called twice. */
  close(): Promise<void>
}
