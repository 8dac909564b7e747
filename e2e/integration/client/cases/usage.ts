import type { Page } from 'playwright-core'
import { beforeEach, expect, test } from 'vitest'
import type { BrowserBench } from '../support/browser-bench.ts'
import { runModule } from '../support/built-client.ts'

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

/** The usage examples of the specification for the stores, word for word where it says what the application writes. */
export function usageCases(bench: BrowserBench): void {
  let page: Page
  beforeEach(async () => {
    page = await bench.newPage()
  })

  test('core store: connect, listen, read, insert, merge, remove', async () => {
    await bench.branch.insert('order_line', {
      id: 'line-001',
      orderId: 'order-001',
      itemId: 'item-fries',
      statusId: 'queued',
    })
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
    expect(await bench.branch.find('order_line', 'line-001')).toBeUndefined()
  })

  test('simple store: watch, status, insert, update, delete, list', async () => {
    await bench.branch.insert('order_header', { id: 'order-001', orderNumber: 'ORD-1', status: 'pending' })
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
    await bench.branch.insert('order_header', { id: 'order-locked', status: 'pending' })
    await bench.branch.merge('order_header', { id: 'order-locked', status: 'held', version: 1 })
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
      await bench.branch.insert('order_line', {
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
}
