import type { Till } from './kds-stage.ts'

/** A Thursday evening: all kinds of orders, ages, notes and modifiers. Ids of modifiers are those of the tracked menu. */
const EVENING: Parameters<Till['send']>[0][] = [
  {
    ...{ id: 'DAR-010412', tableLabel: 'T12', minutes: 24, notes: ['Birthday, candles with the dessert'] },
    lines: [
      { itemId: 'item-mixed-grill', quantity: 2, note: 'Nut allergy: no dukkah, clean tongs' },
      { itemId: 'item-shish-tawook', modifiers: [43, 62] },
      { itemId: 'item-hummus-beiruti' },
      { itemId: 'item-lemon-mint', quantity: 3, modifiers: [48] },
    ],
  },
  {
    ...{ id: 'DAR-010413', orderTypeId: 'takeaway', customerName: 'Yasmine Gamal', minutes: 21 },
    lines: [
      { itemId: 'item-kofta-plate', quantity: 2, modifiers: [41, 11] },
      { itemId: 'item-french-fries', quantity: 2 },
    ],
  },
  {
    ...{ id: 'DAR-010415', tableLabel: 'T4', minutes: 14 },
    lines: [
      { itemId: 'item-lamb-chops', modifiers: [63] },
      { itemId: 'item-halloumi-grilled', quantity: 2 },
      { itemId: 'item-tarb', note: 'مع خبز زيادة' },
    ],
  },
  {
    ...{ id: 'DAR-010416', orderTypeId: 'delivery', customerName: 'كريم عادل', minutes: 11 },
    lines: [
      { itemId: 'item-whole-chicken', modifiers: [6, 2] },
      { itemId: 'item-koshari-large', quantity: 2 },
    ],
  },
  {
    ...{ id: 'DAR-010417', tableLabel: 'T7', minutes: 6 },
    lines: [
      { itemId: 'item-kebab-plate', quantity: 3 },
      { itemId: 'item-half-chicken', note: 'بدون سمسم، حساسية' },
      { itemId: 'item-vine-leaves-oil' },
    ],
  },
  {
    ...{ id: 'DAR-010418', orderTypeId: 'pickup', customerName: 'Omar', minutes: 4 },
    lines: [{ itemId: 'item-kofta-plate', modifiers: [61, 44] }, { itemId: 'item-shish-tawook' }],
  },
  {
    ...{ id: 'DAR-010419', tableLabel: 'T21', minutes: 2 },
    lines: [{ itemId: 'item-mixed-grill' }, { itemId: 'item-turkish-coffee', quantity: 2, modifiers: [65] }],
  },
  {
    ...{ id: 'DAR-010420', tableLabel: 'T2', minutes: 1 },
    lines: [{ itemId: 'item-lamb-chops', quantity: 2, modifiers: [62] }],
  },
]

export async function playEvening(till: Till): Promise<void> {
  for (const order of EVENING) await till.send(order)
}
