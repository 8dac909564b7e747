/**
 * The tables and fields that clients in the field expect of the module pos, as `name:type`, or `name/column:type` where the
 * column is not the snake_case of the name. s string, t text, i integer, d decimal, b boolean, j json, ts timestamp.
 */
const POS_FIELDS = `
  pos_database:
    id:s branchId:s payload:j createdAt:ts updatedAt:ts;
  pos_terminal:
    id/terminal_id:s code/terminal_code:s label/terminal_label:s number/terminal_number:i locationId:s zone:s
    status:s timezone:s lastOnlineAt:ts createdAt:ts updatedAt:ts;
  audit_events:
    action:s id/event_id:s meta:j occurredAt:ts refId:s refType:s userId:s;
  category_sections:
    categoryId:s sectionId:s;
  customer_addresses:
    apartment:s areaId:s building:s customerId:s floor:s id/address_id:s isPrimary:b label:s notes:t street:s;
  customer_profiles:
    createdAt:ts email:s id/customer_id:s name/customer_name:s notes:t phone:s preferredLanguage:s updatedAt:ts;
  delivery_drivers:
    id/driver_id:i isActive:b name/driver_name:s phone:s vehicleId:s;
  dining_tables:
    displayOrder:i id/table_id:s name/table_name:s note:t seats:i state:s zone:s version:i;
  employees:
    allowedDiscountRate:d createdAt:ts email:s fullName:s hiredAt:ts id/employee_id:s phone:s pinCode:s role:s
    status:s updatedAt:ts;
  expo_pass_ticket:
    callAt:ts createdAt:ts deliveredAt:ts holdReason:s id/expo_ticket_id:s jobOrderIds:j meta:j orderId:s
    orderNumber:s readyItems:i runnerId:s runnerName:s status:s totalItems:i updatedAt:ts;
  job_order_detail:
    allergens:j categoryId:s createdAt:ts finishAt:ts id/detail_id:s itemId:s itemNameAr:s itemNameEn:s itemSku:s
    jobOrderId:s lastActionBy:s meta:j orderLineId:s posLineRevision:s prepNotes:t priority:i quantity:d startAt:ts
    status:s unit:s updatedAt:ts;
  job_order_detail_modifier:
    createdAt:ts detailId:s id/modifier_id:s isRequired:b meta:j modifierType:s nameAr:s nameEn:s notes:t
    quantity:d;
  job_order_header:
    id/job_order_id:s orderId:s orderNumber:s posRevision:s orderTypeId:s serviceMode:s stationId:s stationCode:s
    status:s progressState:s totalItems:i completedItems:i remainingItems:i hasAlerts:b isExpedite:b tableLabel:s
    customerName:s dueAt:ts acceptedAt:ts startedAt:ts readyAt:ts completedAt:ts expoAt:ts syncChecksum:s notes:t
    batchId:s meta:j createdAt:ts updatedAt:ts;
  job_order_status_history:
    actorId:s actorName:s actorRole:s changedAt:ts id/history_id:s jobOrderId:s meta:j reason:s status:s;
  job_order_batch:
    id/batch_id:s orderId:s orderNumber:s status:s totalJobs:i readyJobs:i batchType:s assembledAt:ts servedAt:ts
    notes:t meta:j createdAt:ts updatedAt:ts;
  kitchen_sections:
    descriptionAr:t descriptionEn:t id/section_id:s nameAr:s nameEn:s sortOrder:i;
  menu_categories:
    id/category_id:s nameAr:s nameEn:s sectionId:s sortOrder:i isActive:b;
  menu_items:
    id/item_id:s sku:s categoryId:s kitchenSectionId:s nameAr:s nameEn:s descriptionAr:t descriptionEn:t
    basePrice:d taxGroupId:s isCombo:b isActive:b favoriteRank:i createdAt:ts updatedAt:ts;
  menu_item_media:
    id/media_id:s itemId:s type/media_type:s url:s isPrimary:b createdAt:ts;
  menu_item_modifier:
    itemId:s modifierId:i isDefault:b maxQuantity:i;
  menu_item_price:
    id/price_id:s itemId:s priceType:s label:s amount:d currency:s isDefault:b;
  menu_modifiers:
    id/modifier_id:i isActive:b modifierType:s nameAr:s nameEn:s priceChange:d;
  order_delivery:
    deliveredAt:ts dispatchedAt:ts driverId:i notes:t orderId:s status:s;
  order_header:
    id/order_id:s shiftId:s posId:s posNumber:i orderTypeId:s statusId:s stageId:s paymentStateId:s tableId:s
    customerId:s customerAddressId:s driverId:i openedBy:s closedBy:s openedAt:ts closedAt:ts guests:i notes:j
    subtotal:d discount/discount_amount:d service/service_amount:d tax/tax_amount:d deliveryFee:d totalDue:d
    totalPaid:d metadata:j;
  order_line:
    id/line_id:s itemId:s kitchenSectionId:s metadata:j notes:t orderId:s parentLineId:s quantity:d statusId:s
    total:d unitPrice:d;
  order_line_modifier:
    id/line_modifier_id:s lineId:s modifierId:i modifierType:s priceChange:d;
  order_line_statuses:
    id/line_status_id:s nameAr:s nameEn:s sequence:i;
  order_line_status_log:
    actorId:s changedAt:ts id/line_status_log_id:s metadata:j orderId:s orderLineId:s source:s stationId:s
    statusId:s;
  order_payment:
    amount:d capturedAt:ts id/payment_id:s orderId:s paymentMethodId:s reference:s shiftId:s;
  order_payment_state:
    id/payment_state_id:s nameAr:s nameEn:s;
  order_refund:
    amount:d id/refund_id:s paymentId:s reason:s refundedAt:ts shiftId:s;
  order_return_header:
    branchSequence:i createdAt:ts createdBy:s id/return_id:s meta:j number/return_number:s orderId:s
    orderSequence:i posId:s shiftId:s total:d totalAmount:d;
  order_return_line:
    createdAt:ts id/return_line_id:s meta:j orderLineId:s quantity:d returnId:s unitPrice:d;
  order_stages:
    descriptionAr:t descriptionEn:t id/stage_id:s lockLineEdits:b nameAr:s nameEn:s sequence:i;
  order_statuses:
    id/status_id:s nameAr:s nameEn:s sequence:i;
  order_status_log:
    actorId:s changedAt:ts id/status_log_id:s metadata:j orderId:s paymentStateId:s reason:t source:s stageId:s
    statusId:s;
  order_types:
    allowsFinalizeLater:b allowsLineAdditions:b allowsReturns:b allowsSave:b id/order_type_id:s nameAr:s nameEn:s
    sequence:i workflow:s;
  payment_methods:
    icon:s id/payment_method_id:s isActive:b nameAr:s nameEn:s requiresReference:b type/method_type:s;
  pos_shift:
    cashierId:s cashierName:s cashierRole:s closedAt:ts closingCash:d countsByType:j createdAt:ts employeeId:s
    id/shift_id:s isClosed:b openedAt:ts openingFloat:d orders/orders_payload:j ordersCount:i paymentsByMethod:j
    posId:s posLabel:s posNumber:i status:s totalSales:d totalsByType:j updatedAt:ts;
  pos_terminals:
    code/terminal_code:s createdAt:ts id/terminal_id:s label/terminal_label:s lastOnlineAt:ts locationId:s
    number/terminal_number:i status:s timezone:s updatedAt:ts zone:s;
  reservations:
    customerName:s holdUntil:ts id/reservation_id:s note:t partySize:i phone:s scheduledAt:ts status:s;
  reservation_table:
    reservationId:s tableId:s;
  shift_cash_audit:
    amount:d capturedAt:ts count:i denomination:d id/audit_id:s shiftId:s;
  shift_payment_summary:
    id/summary_id:s paymentMethodId:s paymentsCount:i shiftId:s totalAmount:d;
  table_lock:
    expiresAt:ts id/lock_id:s lockedAt:ts lockedBy:s reason:s tableId:s orderId:s reservationId:s active:b source:s
    version:i
`

export interface ExpectedField {
  name: string
  columnName: string
  type: string
}

const TYPES: Record<string, string> = {
  s: 'string',
  t: 'text',
  i: 'integer',
  d: 'decimal',
  b: 'boolean',
  j: 'json',
  ts: 'timestamp',
}

/** Table name to its fields. */
export function readExpectedFields(): Map<string, ExpectedField[]> {
  const tables = new Map<string, ExpectedField[]>()
  for (const entry of POS_FIELDS.trim().split(';')) {
    const [table, ...fields] = entry.trim().split(/\s+/)
    tables.set(table!.slice(0, -1), fields.map(readField))
  }
  return tables
}

function readField(text: string): ExpectedField {
  const [names, letter] = text.split(':')
  const [name, column] = names!.split('/')
  return { name: name!, columnName: column ?? snakeCase(name!), type: TYPES[letter!]! }
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
