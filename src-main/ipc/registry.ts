import type { IpcMain, IpcMainInvokeEvent } from 'electron'
import type { ZodType } from 'zod'
import * as z from 'zod'
import { toErrorBody } from '../../src-shared/errors.ts'
import {
  type DesktopCalls,
  type DesktopChannel,
  type DesktopHandlers,
  FOLDER_PURPOSES,
  type Reply,
  SHOWABLE_ITEMS,
} from '../../src-shared/ipc.ts'
import type { Log } from '../lib/log.ts'

const nothing = z.strictObject({})

/** The form of each channel's argument: exactly this, nothing beside it. */
const ARGUMENTS: { [C in DesktopChannel]: ZodType<DesktopCalls[C]['args']> } = {
  'connection:get': nothing,
  'dialog:choose-folder': z.strictObject({ purpose: z.enum(FOLDER_PURPOSES) }),
  'shell:show-item': z.strictObject({ item: z.enum(SHOWABLE_ITEMS) }),
  'shell:open-link': z.strictObject({ url: z.string().max(2_000) }),
  'autostart:get': nothing,
  'autostart:set': z.strictObject({ isEnabled: z.boolean() }),
  'server:restart': nothing,
  'app:get-info': nothing,
}

export interface IpcRegistryOptions {
  ipcMain: Pick<IpcMain, 'handle' | 'removeHandler'>
  /** Only the main frame of a page of this origin is heard, such as `app://console`. */
  origin: string
  handlers: DesktopHandlers
  log: Log
}

/**
 * Puts the handlers behind their channels. A caller of another origin or a frame inside a page gets `forbidden`, arguments
 * of another form get `invalid-request`; neither reaches a handler. Nothing is ever thrown across.
 *
 * @returns A function that takes the channels away again.
 */
export function registerHandlers({ ipcMain, origin, handlers, log }: IpcRegistryOptions): () => void {
  const register = <C extends DesktopChannel>(channel: C): void => {
    ipcMain.handle(channel, async (event, args: unknown): Promise<Reply<DesktopCalls[C]['result']>> => {
      if (!isTrusted(event, origin)) {
        log.warn('ipc-refused', { channel, origin: event.senderFrame?.origin ?? 'gone' })
        return { ok: false, code: 'forbidden', message: 'This page may not call the desktop.' }
      }
      const parsed = ARGUMENTS[channel].safeParse(args)
      if (!parsed.success)
        return { ok: false, code: 'invalid-request', message: `The call ${channel} has the wrong form.` }
      try {
        return { ok: true, value: await handlers[channel](parsed.data) }
      } catch (error) {
        log.error('ipc-failed', { channel, error })
        const { error: code, message } = toErrorBody(error)
        return { ok: false, code, message }
      }
    })
  }
  const channels = Object.keys(ARGUMENTS) as DesktopChannel[]
  for (const channel of channels) register(channel)
  return () => {
    for (const channel of channels) ipcMain.removeHandler(channel)
  }
}

/** The frame may be gone by now (then it is null); a frame inside the page has a parent. */
function isTrusted(event: IpcMainInvokeEvent, origin: string): boolean {
  const frame = event.senderFrame
  return frame !== null && frame.parent === null && frame.origin === origin
}
