import type Electron from 'electron'
import { StandInEmitter } from './emitter.ts'

type Handler = (event: Electron.IpcMainInvokeEvent, ...args: unknown[]) => unknown
const handlers = new Map<string, Handler>()

/** The part of a frame that a handler can judge a caller by. Docs: WebFrameMain. */
export interface CallerFrame {
  origin: string
  url: string
  parent: CallerFrame | null
}

/** Docs: ipcMain, `ipcMain.handle(channel, listener)`: one handler a channel. */
export const ipcMain = {
  handle(channel: string, listener: Handler): void {
    if (handlers.has(channel)) throw new Error(`Attempted to register a second handler for '${channel}'`)
    handlers.set(channel, listener)
  },
  removeHandler(channel: string): void {
    handlers.delete(channel)
  },
}
ipcMain satisfies Pick<Electron.IpcMain, 'handle' | 'removeHandler'>

export function listChannels(): string[] {
  return [...handlers.keys()]
}

/**
 * One call from a page. Arguments and results are copied as by structured clone; what a handler throws reaches the caller
 * as a new Error that has only the message. Docs: ipcRenderer, `ipcRenderer.invoke(channel, ...args)`.
 */
export async function invoke(frame: CallerFrame | null, channel: string, args: unknown[]): Promise<unknown> {
  const handler = handlers.get(channel)
  if (!handler)
    throw new Error(`Error invoking remote method '${channel}': Error: No handler registered for '${channel}'`)
  const event = { type: 'frame', processId: 1, frameId: 1, senderFrame: frame, sender: {} }
  try {
    return structuredClone(await handler(event as unknown as Electron.IpcMainInvokeEvent, ...structuredClone(args)))
  } catch (error) {
    throw new Error(`Error invoking remote method '${channel}': ${String(error)}`)
  }
}

/** The renderer's end, as a sandboxed preload script sees it. */
export class StandInIpcRenderer extends StandInEmitter {
  readonly #getFrame: () => CallerFrame

  constructor(getFrame: () => CallerFrame) {
    super()
    this.#getFrame = getFrame
  }

  invoke(channel: string, ...args: unknown[]): Promise<unknown> {
    return invoke(this.#getFrame(), channel, args)
  }

  /** A message of `webContents.send`. */
  receive(channel: string, args: unknown[]): void {
    this.emit(channel, {}, ...structuredClone(args))
  }
}
