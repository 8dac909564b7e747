import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { BranchClient } from '../../support/branch-client.ts'
import { launchChromium } from '../../support/chromium.ts'
import { startTestServer, type TestServer } from '../../support/server.ts'
import { type BuiltClient, buildTestClient, inPage, runModule } from './support/built-client.ts'

/** The usage examples of the specification, word for word where it says what the application writes. */
let client: BuiltClient
let server: TestServer
let browser: Browser
let context: BrowserContext
let page: Page
let branch: BranchClient

beforeAll(async () => {
  ;[client, server, browser] = await Promise.all([buildTestClient(), startTestServer(), launchChromium()])
  branch = new BranchClient(() => server.url)
})
afterAll(async () => {
  await browser?.close()
  await server?.stop()
  client?.remove()
})

beforeEach(async () => {
  await context?.close()
  context = await browser.newContext()
  await client.serveTo(context)
  page = await context.newPage()
  await page.goto(`${server.url}/test.html`)
})

test('core store: connect, listen, read, insert, merge, remove', async () => {
  await branch.insert('order_line', { id: 'line-001', orderId: 'order-001', itemId: 'item-fries', statusId: 'queued' })
  const done = await runModule(
    page,
    `
import { createStore } from '/static/lib/mishkah.store.js';

const store = createStore({
  branchId: 'dar',
  moduleId: 'pos',
  role: 'pos-frontend',
  wsPath: '/ws', // Relative path (auto-resolves to ws://host/ws)
  autoReconnect: true,
  useIndexedDB: true,
  historyLimit: 200
});
const heard = { status: [], snapshots: 0, events: [], acks: 0 };
store.on('ack', () => heard.acks++);
store.on('snapshot', (state) => {
  heard.snapshots++;
  heard.tablesInState = Array.isArray(state.modules.pos.tables.order_line);
});

// Connect
await store.connect();
await store.ready();

// Listen to status changes
store.on('status', ({ status }) => heard.status.push(status));

// Listen to real-time events
store.on('event', (event) => heard.events.push(event.table + ' ' + event.action));

// Read data
const orderHeaders = store.listTable('order_header'); // Returns array

// Write data
const ack = await store.insert('order_line', {
  orderId: 'order-001',
  itemId: 'item-burger',
  quantity: 2,
  statusId: 'queued'
});

await store.merge('order_line', {
  id: 'line-001',
  statusId: 'cooking',
  version: 1
});

await store.remove('order_line', {
  id: 'line-001'
});
const { promise, resolve } = Promise.withResolvers();
const timer = setInterval(() => heard.events.length === 3 && resolve(), 5);
await promise;
clearInterval(timer);
window.done = { ...heard, isArray: Array.isArray(orderHeaders), ackType: ack.type,
  menu: store.listTable('menu_items').length > 100, status: store.status, statuses: heard.status };
`,
  )
  expect(done).toEqual({
    status: 'ready',
    statuses: ['ready'],
    snapshots: 1,
    tablesInState: true,
    acks: 3,
    events: ['order_line module:insert', 'order_line module:merge', 'order_line module:delete'],
    isArray: true,
    ackType: 'server:ack',
    menu: true,
  })
  expect(await branch.find('order_line', 'line-001')).toBeUndefined()
})

const SIMPLE = `
import { createDB } from '/static/lib/mishkah.simple-store.js';
const db = createDB({
  branchId: 'dar',
  moduleId: 'pos',
  wsPath: '/ws',
  autoConnect: true,
  objects: {
    orders: {
      table: 'order_header'
    },
    lines: {
      table: 'order_line'
    }
  }
});
window.db = db;
`

test('simple store: watch, status, insert, update, delete, list', async () => {
  await branch.insert('order_header', { id: 'order-001', orderNumber: 'ORD-1', status: 'pending' })
  const done = await runModule(
    page,
    `${SIMPLE}
const seen = [];
db.watch('orders', (orders) => seen.push(orders.map((order) => order.orderNumber + ' ' + (order.statusId ?? order.status))));
const statuses = [];
db.status((status) => statuses.push(status));

// Write operations
await db.insert('orders', {
  orderNumber: 'ORD-12345',
  status: 'pending'
});

await db.update('orders', {
  id: 'order-001',
  status: 'cooking',
  version: 1
});
const afterUpdate = db.list('orders').find((one) => one.id === 'order-001').statusId;

await db.delete('orders', { id: 'order-001' });

// Synchronous read
const currentOrders = db.list('orders');
await new Promise((resolve) => setTimeout(resolve, 0));
window.done = { afterUpdate, statuses, current: currentOrders.map((order) => order.orderNumber), last: seen.at(-1) };
`,
  )
  expect(done).toEqual({
    afterUpdate: 'cooking',
    statuses: ['connected'],
    current: ['ORD-12345'],
    last: ['ORD-12345 pending'],
  })
})

test('simple store: tables of the schema, registered by themselves', async () => {
  const done = await runModule(
    page,
    `
import { createDBAuto } from '/static/lib/mishkah.simple-store.js';
const answer = await (await fetch('/api/schema?branch=dar&module=pos')).json();
window.database = { schema: answer.modules.pos.schema };
const posSchema = window.database.schema;
const db = createDBAuto(
  posSchema,
  ['order_header', 'order_line', 'menu_item'], // Tables to register
  {
    branchId: 'dar',
    moduleId: 'pos',
    wsPath: '/ws',
    autoConnect: true
  }
);
await db.ready();
let message;
try { createDBAuto(posSchema, ['order_header', 'nothing'], { branchId: 'dar' }) } catch (error) { message = error.code + ' ' + error.message }
window.done = { menu: db.list('menu_item').length, same: db.list('menu_items').length, message };
`,
  )
  expect(done).toEqual({ menu: 141, same: 141, message: 'unknown-table The schema has no table nothing.' })
})

test('version conflict: the error names it, the record is read again, the second try succeeds', async () => {
  await branch.insert('order_header', { id: 'order-locked', status: 'pending' })
  await branch.merge('order_header', { id: 'order-locked', status: 'held', version: 1 })
  const done = await runModule(
    page,
    `${SIMPLE}
await db.whenSynced();
let caught, parked;
try {
  await db.update('order_header', {
    id: 'order-locked',
    status: 'completed',
    version: 1
  });
} catch (error) {
  if (error.code === 'version-conflict') {
    caught = error;
    parked = db.parked().length;
    // Reload and retry
    const fresh = await fetch('/api/branches/dar/modules/pos/tables/order_header?id=order-locked');
    const order = await fresh.json();

    await db.update('order_header', {
      id: 'order-locked',
      status: 'completed',
      version: order.version
    });
  } else {
    throw error;
  }
}
window.done = { code: caught.code, current: caught.current.version, details: caught.details.expectedVersion, parked,
  left: db.parked().length, status: db.read('order_header', 'order-locked').statusId };
`,
  )
  const left = 'refused writes are parked until the application has dealt with them'
  expect(done, left).toEqual({
    code: 'version-conflict',
    current: 2,
    details: 1,
    parked: 1,
    left: 0,
    status: 'completed',
  })
})

test('many updates at once', async () => {
  for (let n = 0; n < 30; n++) {
    await branch.insert('order_line', {
      id: `many-${n}`,
      orderId: 'order-many',
      itemId: 'item-burger',
      statusId: 'queued',
    })
  }
  const done = await runModule(
    page,
    `${SIMPLE}
await db.ready();
const orderLines = db.query('order_line', { orderId: 'order-many' });
await Promise.all(
  orderLines.map(line =>
    db.update('order_line', {
      id: line.id,
      statusId: 'cooking',
      version: line.version
    })
  )
);
window.done = db.query('order_line', (line) => line.orderId === 'order-many' && line.statusId === 'cooking' && line.version === 2).length;
`,
  )
  expect(done).toBe(30)
})

test('POS store: ready, watch, an order with its lines and payments, names that mean nothing', async () => {
  await branch.insert('order_header', { id: 'order-777', status: 'pending' })
  await branch.insert('order_line', { orderId: 'order-777', itemId: 'item-burger', statusId: 'queued' })
  await branch.insert('order_payment', { orderId: 'order-777', paymentMethodId: 'cash', amount: 12.5 })
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
  await page.addInitScript('delete window.indexedDB; Object.defineProperty(window, "indexedDB", { value: undefined })')
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
