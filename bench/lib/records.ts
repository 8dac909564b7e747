import type { JsonObject } from '../../src-shared/json.ts'

/** An order line as a till sends it. */
export function orderLine(id: string): JsonObject {
  return {
    id,
    orderId: `order-${id}`,
    itemId: 'item-grilled-chicken',
    kitchenSectionId: 'section-grill',
    quantity: 2,
    unitPrice: 85.5,
    total: 171,
    statusId: 'draft',
    notes: ['no onions'],
    metadata: { itemName: 'Grilled chicken', itemNameAr: 'فراخ مشوية', locked: false },
  }
}
