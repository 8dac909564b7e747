import { contextBridge, ipcRenderer } from 'electron'
import {
  CONNECTION_CHANGED,
  type Connection,
  type DesktopBridge,
  type DesktopCalls,
  type DesktopChannel,
  type Reply,
} from '../../src-shared/ipc.ts'

/** Named functions only: the page never gets `ipcRenderer` itself. */
function call<C extends DesktopChannel>(
  channel: C,
  args: DesktopCalls[C]['args'],
): Promise<Reply<DesktopCalls[C]['result']>> {
  return ipcRenderer.invoke(channel, args)
}

const bridge: DesktopBridge = {
  getConnection: () => call('connection:get', {}),
  chooseFolder: (purpose) => call('dialog:choose-folder', { purpose }),
  showItem: (item) => call('shell:show-item', { item }),
  openLink: (url) => call('shell:open-link', { url }),
  getAutostart: () => call('autostart:get', {}),
  setAutostart: (isEnabled) => call('autostart:set', { isEnabled }),
  restartServer: () => call('server:restart', {}),
  getAppInfo: () => call('app:get-info', {}),
  onConnectionChanged: (listener) => {
    const forward = (_event: unknown, connection: Connection): void => listener(connection)
    ipcRenderer.on(CONNECTION_CHANGED, forward)
    return () => {
      ipcRenderer.removeListener(CONNECTION_CHANGED, forward)
    }
  },
}

contextBridge.exposeInMainWorld('mishkahDesktop', bridge)
