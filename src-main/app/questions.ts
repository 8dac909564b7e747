import { clipboard, dialog } from 'electron'
import type { Texts } from './texts.ts'

/** Asks twice: the whole branch stops with the server. */
export async function confirmQuit(texts: Texts): Promise<boolean> {
  const ask = async (message: string, detail: string): Promise<boolean> => {
    const buttons = [texts.stay, texts.quit.replace('…', '')]
    const { response } = await dialog.showMessageBox({
      type: 'warning',
      title: texts.title,
      message,
      detail,
      buttons,
      defaultId: 0,
      cancelId: 0,
      noLink: true,
    })
    return response === 1
  }
  return (await ask(texts.quitTitle, texts.quitDetail)) && (await ask(texts.quitSure, texts.quitSureDetail))
}

/** Shows the addresses for tablets and offers to copy the first. */
export async function showAddress(urls: readonly string[], localUrl: string, texts: Texts): Promise<void> {
  const { response } = await dialog.showMessageBox({
    type: 'info',
    title: texts.addressTitle,
    message: [...(urls.length > 0 ? urls : [localUrl])].join('\n'),
    ...(urls.length === 0 && { detail: texts.addressLoopback }),
    buttons: [texts.close, texts.copy],
    defaultId: 0,
    cancelId: 0,
  })
  if (response === 1) await clipboard.writeText(urls[0] ?? localUrl)
}
