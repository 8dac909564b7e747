import type { Page } from 'playwright-core'
import { beforeEach, expect, test } from 'vitest'
import type { BrowserBench } from '../support/browser-bench.ts'
import { inPage, runModule } from '../support/built-client.ts'

/** The usage examples of the specification for POS pages and the adapter, word for word where it says what the application writes. */
export function posUsageCases(bench: BrowserBench): void {
  let page: Page
  beforeEach(async () => {
    page = await bench.newPage()
  })

  test('POS store: ready, watch, an order with its lines and payments, names that mean nothing', async () => {
    await bench.branch.insert('order_header', { id: 'order-777', status: 'pending' })
    await bench.branch.insert('order_line', { orderId: 'order-777', itemId: 'item-burger', statusId: 'queued' })
    await bench.branch.insert('order_payment', { orderId: 'order-777', paymentMethodId: 'cash', amount: 12.5 })
    const done = await runModule(
      page,
      `
import { createPosDb } from '/static/pos/pos-mini-db.js';

// Automatic mode detection (tries WebSocket, falls back to REST API)
const { db, schema } = await createPosDb({
  branchId: 'dar',
  moduleId: 'pos',
  tables: ['order_header', 'order_line', 'menu_item']
});

await db.ready();
let count;
db.watch('order_header', (orders) => { count = orders.length });
await db.whenSynced();

// POS-specific helper
const order = await db.getOrder('order-777');
const errors = [];
for (const name of ['order_heder', 'MenuItms', 'xyzzy']) {
  try { await createPosDb({ branchId: 'dar', tables: [name] }) } catch (error) { errors.push(error.message) }
}
try { db.list('ordr_line') } catch (error) { errors.push(error.details.suggestion) }
window.done = { count, tables: schema.tables.length, lines: order.lines.length, amount: order.payments[0].amount,
  alias: db.list('orders').length === count, none: await db.getOrder('nobody') === undefined, errors };
`,
    )
    expect(done).toMatchObject({
      tables: 45,
      lines: 1,
      amount: 12.5,
      alias: true,
      none: true,
      errors: [
        '"order_heder" is not a table of the schema. Use "order_header".',
        '"MenuItms" is not a table of the schema. Use "menu_items".',
        '"xyzzy" is not a table of the schema.',
        'order_line',
      ],
    })
  })

  test('POS store: without a socket the data comes from REST, writes wait', async () => {
    const done = await runModule(
      page,
      `
import { createPosDb } from '/static/pos/pos-mini-db.js';
const { db } = await createPosDb({ branchId: 'dar', moduleId: 'pos', mode: 'offline' });
const write = db.insert('order_header', { id: 'order-offline', status: 'pending' });
const { isDurable } = await write.queued;
const before = { menu: db.list('menu_items').length, order: db.read('order_header', 'order-offline').status,
  pending: db.pending().length, status: db.store.status, isDurable };
await db.connect();
await db.whenSynced();
window.done = { before, pending: db.pending().length, order: db.read('orders', 'order-offline').statusId };
`,
    )
    const before = { menu: 141, order: 'pending', pending: 1, status: 'idle', isDurable: true }
    expect(done).toEqual({ before, pending: 0, order: 'pending' })
  })

  test('IndexedDB adapter: save, load, metadata, mutate, abort, clear, purge, another schema', async () => {
    const done = await runModule(
      page,
      `
import { MishkahIndexedDB } from '/static/lib/mishkah-indexeddb.js';

const options = {
  namespace: 'dar',
  name: 'mishkah-store-pos',
  version: 1
};
const adapter = MishkahIndexedDB.createAdapter(options);

await adapter.ready;
const ordersArray = [{ id: 'order-001', status: 'open' }];

// Save table data
await adapter.save('order_header', ordersArray, {
  metadata: {
    lastId: 'order-xyz',
    lastSyncAt: 5,
    schemaVersion: '2025-01-07'
  }
});
await adapter.save('order_line', [{ id: 'l1' }], { metadata: { schemaVersion: '2025-01-07' } });

// Load table data
const cached = await adapter.load('order_header');

// Update metadata only
await adapter.updateMetadata('order_header', {
  lastSyncAt: 6
});

// Mutate cached data
const changed = await adapter.mutate('order_header', (draft, { meta }) => {
  const order = draft.find(o => o.id === 'order-001');
  if (order) {
    order.status = 'completed';
    return draft;
  }
  return false; // Abort mutation
});
const aborted = await adapter.mutate('order_header', (draft) => { draft.length = 0; return false });
const after = await adapter.load('order_header');
const again = await MishkahIndexedDB.createAdapter(options).load('order_header');

await adapter.save('order_header', ordersArray, { metadata: { schemaVersion: '2026-01-01' } });
const otherTable = await adapter.load('order_line');

// Clear cache
await adapter.clear('order_header');
const cleared = await adapter.load('order_header');

// Purge (reset to empty)
await adapter.purge(['order_header', 'order_line']);
const purged = await adapter.load('order_line');
const nextVersion = MishkahIndexedDB.createAdapter({ ...options, version: 2 });
window.done = { cached, changed, aborted, after, again: again.data, otherTable, cleared, purged,
  reset: (await nextVersion.load('order_line')).isCached, isPersistent: adapter.isPersistent };
`,
    )
    const meta = { lastId: 'order-xyz', lastSyncAt: 5, schemaVersion: '2025-01-07' }
    const none = { data: [], isStale: false }
    expect(done).toEqual({
      cached: { data: [{ id: 'order-001', status: 'open' }], meta, isCached: true, isStale: false },
      changed: true,
      aborted: false,
      after: {
        data: [{ id: 'order-001', status: 'completed' }],
        meta: { ...meta, lastSyncAt: 6 },
        isCached: true,
        isStale: false,
      },
      again: [{ id: 'order-001', status: 'completed' }],
      otherTable: { ...none, meta: { requiresFullSync: true, schemaVersion: '2026-01-01' }, isCached: true },
      cleared: { ...none, meta: {}, isCached: false },
      purged: { ...none, meta: { requiresFullSync: true }, isCached: true },
      reset: false,
      isPersistent: true,
    })
  })

  test('without IndexedDB everything works from memory, with a warning', async () => {
    await page.addInitScript(
      'delete window.indexedDB; Object.defineProperty(window, "indexedDB", { value: undefined })',
    )
    await page.reload()
    const done = await runModule(
      page,
      `
import { createStore } from '/static/lib/mishkah.store.js';
import { MishkahIndexedDB } from '/static/lib/mishkah-indexeddb.js';
const store = createStore({ branchId: 'dar', moduleId: 'pos' });
const warnings = [];
store.on('warning', ({ code }) => warnings.push(code));
await store.connect();
await store.whenSynced();
const write = store.insert('order_header', { id: 'order-memory', status: 'pending' });
const { isDurable } = await write.queued;
await write;
const adapter = MishkahIndexedDB.createAdapter({ namespace: 'dar', name: 'x', onWarning: () => warnings.push('adapter') });
await adapter.save('t', [{ id: 1 }]);
window.done = { warnings, isDurable, stored: store.read('order_header', 'order-memory').version,
  cached: (await adapter.load('t')).data, isPersistent: adapter.isPersistent };
`,
    )
    expect(done).toEqual({
      warnings: ['storage-unavailable', 'adapter'],
      isDurable: false,
      stored: 1,
      cached: [{ id: 1 }],
      isPersistent: false,
    })
    expect(await inPage(page, 'typeof indexedDB')).toBe('undefined')
  })
}
