import { app } from './app.ts'
import { powerMonitor, StandInTray } from './desktop.ts'
import { type CallerFrame, invoke, listChannels } from './ipc.ts'
import { prepareAnswer, type RecordedCall, recordedCalls } from './record.ts'
import { askPermission } from './session.ts'
import { listWindows, type StandInWindow } from './window.ts'

/** What a test may ask of the desktop: what a person does and sees, and what a hostile page would try. */
export interface Controls {
  windows: { args: []; result: { isVisible: boolean; url: string; webPreferences: Record<string, unknown> }[] }
  /** Runs an expression in the page of the first window. */
  evaluate: { args: [expression: string]; result: unknown }
  closeWindow: { args: []; result: null }
  tray: {
    args: []
    result: { toolTip: string; icon: string; items: { id: string; label: string; enabled: boolean }[] }
  }
  clickTray: { args: [id: string]; result: null }
  answer: { args: [call: string, answer: unknown]; result: null }
  calls: { args: []; result: readonly RecordedCall[] }
  /** A call as a page of the given frame would make it. */
  invoke: { args: [frame: CallerFrame | null, channel: string, ...args: unknown[]]; result: unknown }
  channels: { args: []; result: string[] }
  permission: { args: [permission: string, url: string]; result: ReturnType<typeof askPermission> }
  emitPower: { args: [event: string]; result: null }
  quit: { args: []; result: null }
}

type ControlHandlers = { [C in keyof Controls]: (...args: Controls[C]['args']) => Promise<Controls[C]['result']> }

function firstWindow(): StandInWindow {
  const window = listWindows()[0]
  if (!window) throw new Error('there is no window')
  return window
}

const handlers: ControlHandlers = {
  windows: async () =>
    listWindows().map((window) => ({
      isVisible: window.isVisible(),
      url: window.webContents.getURL(),
      webPreferences: { ...window.options.webPreferences },
    })),
  evaluate: async (expression) => {
    const page = await firstWindow().webContents.page()
    return page.evaluate(expression)
  },
  closeWindow: async () => {
    firstWindow().close()
    return null
  },
  tray: async () => {
    const tray = StandInTray.current
    if (!tray) throw new Error('there is no tray icon')
    if (tray.image.isEmpty()) throw new Error(`the icon ${tray.image.path} is missing`)
    const items = (tray.menu?.items ?? []).filter((item) => item.type !== 'separator')
    return {
      toolTip: tray.toolTip,
      icon: tray.image.path,
      items: items.map(({ id = '', label = '', enabled = true }) => ({ id, label, enabled })),
    }
  },
  clickTray: async (id) => {
    const item = StandInTray.current?.menu?.items.find((candidate) => candidate.id === id)
    if (!item?.click) throw new Error(`there is no entry ${id}`)
    const click = item.click as () => void
    click()
    return null
  },
  answer: async (call, answer) => {
    prepareAnswer(call, answer)
    return null
  },
  calls: async () => recordedCalls(),
  invoke: (frame, channel, ...args) => invoke(frame, channel, args),
  channels: async () => listChannels(),
  permission: async (permission, url) => askPermission(permission, url),
  emitPower: async (event) => {
    powerMonitor.emit(event, { preventDefault: () => undefined })
    return null
  },
  quit: async () => {
    setImmediate(() => app.quit())
    return null
  },
}

export interface ControlRequest {
  id: number
  control: keyof Controls
  args: unknown[]
}

/** Requests of the test come over the channel that child_process opens. */
export function listenForTest(): void {
  process.on('message', (request: ControlRequest) => {
    const handler = handlers[request.control] as (...args: unknown[]) => Promise<unknown>
    handler(...request.args).then(
      (value) => process.send?.({ id: request.id, value }),
      (error: unknown) => process.send?.({ id: request.id, error: String(error) }),
    )
  })
}
