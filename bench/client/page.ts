/**
 * The page that is measured, once with the SDK and once bare. `bare` does what a page without the SDK has to do with the
 * same bytes: it opens a socket to the same server, says the same hello, parses every frame and keeps the records by table
 * and key, and nothing else: no cache, no queue, no order, no resend.
 */
export const BENCH_PAGE = `<!doctype html><meta charset="utf-8"><title>bench</title><ul id="list"></ul>
<script>
globalThis.bench = {
  /** Milliseconds since 1970, comparable between pages of one machine. */
  now: () => performance.timeOrigin + performance.now(),

  async openStore(options) {
    const { createStore } = await import('/static/lib/mishkah.store.js')
    globalThis.store = createStore({ branchId: 'dar', moduleId: 'pos', ...options })
    store.connect().catch(() => {})
  },

  /** Resolves at the first change after which the store has heard everything up to the position. */
  heardAll: (position) => new Promise((resolve) => {
    const isThere = () => store.status === 'ready' && store.snapshot().version >= position
    const stops = [store.on('change', look), store.on('status', look)]
    function look() {
      if (!isThere()) return
      for (const stop of stops) stop()
      resolve()
    }
    look()
  }),

  /** Resolves when the store's cache is whole in IndexedDB. */
  async cached(name = 'mishkah/dar/pos') {
    const read = () => new Promise((resolve) => {
      const opening = indexedDB.open(name)
      opening.onsuccess = () => {
        const request = opening.result.transaction('values').objectStore('values').get('cache')
        request.onsuccess = () => { opening.result.close(); resolve(request.result) }
      }
    })
    while (!(await read())) await new Promise((resolve) => setTimeout(resolve, 50))
  },

  /** A socket that has said hello; \`ready\` resolves with server:ready, \`bytes\` counts what came. */
  bare(more = {}, onFrame = () => {}) {
    const socket = new WebSocket(location.origin.replace('http', 'ws') + '/ws')
    const self = { socket, bytes: 0, tables: new Map() }
    self.ready = new Promise((resolve) => {
      socket.onmessage = ({ data }) => {
        self.bytes += data.length
        const frame = JSON.parse(data)
        if (frame.type === 'server:snapshot-part') self.keep(frame.table, frame.records)
        if (frame.type === 'server:delta') {
          for (const [table, records] of Object.entries(frame.tables)) self.keep(table, records)
        }
        if (frame.type === 'server:event' && frame.entry) self.keep(frame.table, [frame.entry.record])
        if (frame.type === 'server:ready') resolve(frame)
        onFrame(frame)
      }
    })
    self.keep = (table, records) => {
      const rows = self.tables.get(table) ?? new Map()
      self.tables.set(table, rows)
      for (const record of records) rows.set(record.id ?? rows.size, record)
    }
    socket.onopen = () => socket.send(JSON.stringify({
      type: 'client:hello', requestId: 'hello', protocol: 2, branchId: 'dar', modules: ['pos'], clientId: 'bare-' + Math.random(),
      role: 'sdk', requestSnapshot: true, requestHistory: false, historyLimit: 100, ...more
    }))
    return self
  },

  /** Shows the first rows, and resolves once they are on the screen. */
  paint(records) {
    document.getElementById('list').replaceChildren(...records.slice(0, 60).map((record) => {
      const row = document.createElement('li')
      row.textContent = record.id + ' ' + record.statusId + ' ' + record.totalDue
      return row
    }))
    return new Promise((resolve) => requestAnimationFrame(() => setTimeout(() => resolve(performance.now()))))
  }
}
</script>`
