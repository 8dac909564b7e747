import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { serveHelper } from '../lib/helper-process.ts'

/** ws without anything: what the last client to connect sends makes it send one frame to all others. */
let frame = ''

const methods = {
  async listen({ text }: { text: string }): Promise<number> {
    frame = text
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
    const clients: WebSocket[] = []
    server.on('connection', (socket) => {
      clients.push(socket)
      socket.on('message', (data) => {
        JSON.parse(String(data))
        for (const client of clients) if (client !== socket) client.send(frame)
      })
    })
    await new Promise<void>((done) => server.once('listening', done))
    return (server.address() as AddressInfo).port
  },
}
export type BareSockets = typeof methods

serveHelper(methods)
