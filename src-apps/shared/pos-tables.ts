// Made from the schema; changes are lost.

export interface PosDatabase {
  id: string
  branchId?: string
  payload?: unknown
  version: number
  createdAt: string
  updatedAt: string
}

export interface PosTerminal {
  id: string
  code?: string
  label?: string
  number?: number
  locationId?: string | null
  zone?: string | null
  status?: string
  timezone?: string | null
  lastOnlineAt?: string | null
  version: number
  createdAt: string
  updatedAt: string
}

export interface AuditEvents {
  action?: string
  id: string
  meta?: unknown
  occurredAt?: string
  refId?: string | null
  refType?: string
  userId?: string
  version: number
  createdAt: string
  updatedAt: string
}

export interface CategorySections {
  categoryId: string
  sectionId: string
  version: number
  createdAt: string
  updatedAt: string
}

export interface CustomerAddresses {
  apartment?: string | null
  areaId?: string | null
  building?: string | null
  customerId?: string
  floor?: string | null
  id: string
  isPrimary?: boolean
  label?: string | null
  notes?: string | null
  street?: string | null
  version: number
  createdAt: string
  updatedAt: string
}

export interface CustomerProfiles {
  email?: string | null
  id: string
  name?: string
  notes?: string | null
  phone?: string | null
  preferredLanguage?: string | null
  version: number
  createdAt: string
  updatedAt: string
}

export interface DeliveryDrivers {
  id: number
  isActive?: boolean
  name?: string
  phone?: string | null
  vehicleId?: string | null
  version: number
  createdAt: string
  updatedAt: string
}

export interface DiningTables {
  displayOrder?: number
  id: string
  name?: string
  note?: string | null
  seats?: number
  state?: string
  zone?: string | null
  version: number
  createdAt: string
  updatedAt: string
}

export interface Employees {
  allowedDiscountRate?: number
  email?: string | null
  fullName?: string
  hiredAt?: string | null
  id: string
  phone?: string | null
  pinCode?: string
  role?: string
  status?: 'active' | 'inactive' | 'suspended'
  version: number
  createdAt: string
  updatedAt: string
}

export interface ExpoPassTicket {
  callAt?: string | null
  deliveredAt?: string | null
  holdReason?: string | null
  id: string
  jobOrderIds?: unknown
  meta?: unknown
  orderId?: string
  orderNumber?: string
  readyItems?: number
  runnerId?: string | null
  runnerName?: string | null
  status?: string
  totalItems?: number
  version: number
  createdAt: string
  updatedAt: string
}

export interface JobOrderDetail {
  allergens?: unknown
  categoryId?: string
  finishAt?: string | null
  id: string
  itemId?: string
  itemNameAr?: string
  itemNameEn?: string
  itemSku?: string | null
  jobOrderId?: string
  lastActionBy?: string | null
  meta?: unknown
  orderLineId?: string
  posLineRevision?: string
  prepNotes?: string | null
  priority?: number
  quantity?: number
  startAt?: string | null
  status?: string
  unit?: string | null
  version: number
  createdAt: string
  updatedAt: string
}

export interface JobOrderDetailModifier {
  detailId?: string
  id: string
  isRequired?: boolean
  meta?: unknown
  modifierType?: string
  nameAr?: string
  nameEn?: string
  notes?: string | null
  quantity?: number
  version: number
  createdAt: string
  updatedAt: string
}

export interface JobOrderHeader {
  id: string
  orderId?: string
  orderNumber?: string
  posRevision?: string
  orderTypeId?: string
  serviceMode?: string
  stationId?: string
  stationCode?: string
  status?: string
  progressState?: string
  totalItems?: number
  completedItems?: number
  remainingItems?: number
  hasAlerts?: boolean
  isExpedite?: boolean
  tableLabel?: string | null
  customerName?: string | null
  dueAt?: string | null
  acceptedAt?: string | null
  startedAt?: string | null
  readyAt?: string | null
  completedAt?: string | null
  expoAt?: string | null
  syncChecksum?: string | null
  notes?: string | null
  batchId?: string | null
  meta?: unknown
  version: number
  createdAt: string
  updatedAt: string
}

export interface JobOrderStatusHistory {
  actorId?: string | null
  actorName?: string | null
  actorRole?: string | null
  changedAt?: string
  id: string
  jobOrderId?: string
  meta?: unknown
  reason?: string | null
  status?: string
  version: number
  createdAt: string
  updatedAt: string
}

export interface JobOrderBatch {
  id: string
  orderId?: string
  orderNumber?: string
  status?: string
  totalJobs?: number
  readyJobs?: number
  batchType?: string
  assembledAt?: string | null
  servedAt?: string | null
  notes?: string | null
  meta?: unknown
  version: number
  createdAt: string
  updatedAt: string
}

export interface KitchenSections {
  descriptionAr?: string | null
  descriptionEn?: string | null
  id: string
  nameAr?: string
  nameEn?: string
  sortOrder?: number
  version: number
  createdAt: string
  updatedAt: string
}

export interface MenuCategories {
  id: string
  nameAr?: string
  nameEn?: string
  sectionId?: string | null
  sortOrder?: number
  isActive?: boolean
  version: number
  createdAt: string
  updatedAt: string
}

export interface MenuItems {
  id: string
  sku?: string | null
  categoryId?: string
  kitchenSectionId?: string
  nameAr?: string
  nameEn?: string
  descriptionAr?: string | null
  descriptionEn?: string | null
  basePrice?: number
  taxGroupId?: string | null
  isCombo?: boolean
  isActive?: boolean
  favoriteRank?: number | null
  version: number
  createdAt: string
  updatedAt: string
}

export interface MenuItemMedia {
  id: string
  itemId?: string
  type?: 'image' | 'video'
  url?: string
  isPrimary?: boolean
  version: number
  createdAt: string
  updatedAt: string
}

export interface MenuItemModifier {
  itemId: string
  modifierId: number
  isDefault?: boolean
  maxQuantity?: number | null
  version: number
  createdAt: string
  updatedAt: string
}

export interface MenuItemPrice {
  id: string
  itemId?: string
  priceType?: string
  label?: string | null
  amount?: number
  currency?: string
  isDefault?: boolean
  version: number
  createdAt: string
  updatedAt: string
}

export interface MenuModifiers {
  id: number
  isActive?: boolean
  modifierType?: string
  nameAr?: string
  nameEn?: string
  priceChange?: number
  version: number
  createdAt: string
  updatedAt: string
}

export interface OrderDelivery {
  deliveredAt?: string | null
  dispatchedAt?: string | null
  driverId?: number | null
  notes?: string | null
  orderId: string
  status?: string
  version: number
  createdAt: string
  updatedAt: string
}

export interface OrderHeader {
  id: string
  orderNumber?: string | null
  shiftId?: string
  posId?: string
  posNumber?: number
  orderTypeId?: string
  statusId?: string
  stageId?: string
  paymentStateId?: string
  tableId?: string | null
  customerId?: string | null
  customerAddressId?: string | null
  driverId?: number | null
  openedBy?: string
  closedBy?: string | null
  openedAt?: string
  closedAt?: string | null
  guests?: number
  notes?: unknown
  subtotal?: number
  discount?: unknown
  service?: number
  tax?: number
  deliveryFee?: number
  totalDue?: number
  totalPaid?: number
  metadata?: unknown
  version: number
  createdAt: string
  updatedAt: string
}

export interface OrderLine {
  id: string
  itemId?: string
  kitchenSectionId?: string | null
  metadata?: unknown
  notes?: unknown | null
  orderId: string
  parentLineId?: string | null
  quantity?: number
  statusId?: string
  total?: number
  unitPrice?: number
  version: number
  createdAt: string
  updatedAt: string
}

export interface OrderLineModifier {
  id: string
  lineId?: string
  modifierId?: number
  modifierType?: string
  priceChange?: number
  version: number
  createdAt: string
  updatedAt: string
}

export interface OrderLineStatuses {
  id: string
  nameAr?: string
  nameEn?: string
  sequence?: number
  version: number
  createdAt: string
  updatedAt: string
}

export interface OrderLineStatusLog {
  actorId?: string | null
  changedAt?: string
  id: string
  metadata?: unknown
  orderId?: string
  orderLineId?: string
  source?: string | null
  stationId?: string | null
  statusId?: string
  version: number
  createdAt: string
  updatedAt: string
}

export interface OrderPayment {
  amount?: number
  capturedAt?: string
  id: string
  orderId: string
  paymentMethodId?: string
  reference?: string | null
  shiftId?: string
  version: number
  createdAt: string
  updatedAt: string
}

export interface OrderPaymentState {
  id: string
  nameAr?: string
  nameEn?: string
  version: number
  createdAt: string
  updatedAt: string
}

export interface OrderRefund {
  amount?: number
  id: string
  paymentId?: string
  reason?: string | null
  refundedAt?: string
  shiftId?: string
  version: number
  createdAt: string
  updatedAt: string
}

export interface OrderReturnHeader {
  branchSequence?: number
  createdBy?: string
  id: string
  meta?: unknown
  number?: string
  orderId?: string
  orderSequence?: number
  posId?: string
  shiftId?: string
  total?: number
  totalAmount?: number
  version: number
  createdAt: string
  updatedAt: string
}

export interface OrderReturnLine {
  id: string
  meta?: unknown
  orderLineId?: string
  quantity?: number
  returnId?: string
  unitPrice?: number
  version: number
  createdAt: string
  updatedAt: string
}

export interface OrderStages {
  descriptionAr?: string | null
  descriptionEn?: string | null
  id: string
  lockLineEdits?: boolean
  nameAr?: string
  nameEn?: string
  sequence?: number
  version: number
  createdAt: string
  updatedAt: string
}

export interface OrderStatuses {
  id: string
  nameAr?: string
  nameEn?: string
  sequence?: number
  version: number
  createdAt: string
  updatedAt: string
}

export interface OrderStatusLog {
  actorId?: string | null
  changedAt?: string
  id: string
  metadata?: unknown
  orderId?: string
  paymentStateId?: string | null
  reason?: string | null
  source?: string | null
  stageId?: string | null
  statusId?: string
  version: number
  createdAt: string
  updatedAt: string
}

export interface OrderTypes {
  allowsFinalizeLater?: boolean
  allowsLineAdditions?: boolean
  allowsReturns?: boolean
  allowsSave?: boolean
  id: string
  nameAr?: string
  nameEn?: string
  sequence?: number
  workflow?: string
  version: number
  createdAt: string
  updatedAt: string
}

export interface PaymentMethods {
  icon?: string | null
  id: string
  isActive?: boolean
  nameAr?: string
  nameEn?: string
  requiresReference?: boolean
  type?: string
  version: number
  createdAt: string
  updatedAt: string
}

export interface PosShift {
  cashierId?: string
  cashierName?: string
  cashierRole?: string
  closedAt?: string | null
  closingCash?: number | null
  countsByType?: unknown
  employeeId?: string
  id: string
  isClosed?: boolean
  openedAt?: string
  openingFloat?: number
  orders?: unknown
  ordersCount?: number
  paymentsByMethod?: unknown
  posId?: string
  posLabel?: string
  posNumber?: number
  status?: string
  totalSales?: number
  totalsByType?: unknown
  version: number
  createdAt: string
  updatedAt: string
}

export interface PosTerminals {
  code?: string
  id: string
  label?: string
  lastOnlineAt?: string | null
  locationId?: string | null
  number?: number
  status?: string
  timezone?: string | null
  zone?: string | null
  version: number
  createdAt: string
  updatedAt: string
}

export interface Reservations {
  customerName?: string
  holdUntil?: string | null
  id: string
  note?: string | null
  partySize?: number
  phone?: string
  scheduledAt?: string
  status?: string
  version: number
  createdAt: string
  updatedAt: string
}

export interface ReservationTable {
  reservationId: string
  tableId: string
  version: number
  createdAt: string
  updatedAt: string
}

export interface ShiftCashAudit {
  amount?: number
  capturedAt?: string
  count?: number
  denomination?: number
  id: string
  shiftId?: string
  version: number
  createdAt: string
  updatedAt: string
}

export interface ShiftPaymentSummary {
  id: string
  paymentMethodId?: string
  paymentsCount?: number
  shiftId?: string
  totalAmount?: number
  version: number
  createdAt: string
  updatedAt: string
}

export interface TableLock {
  expiresAt?: string | null
  id: string
  lockedAt?: string
  lockedBy?: string | null
  reason?: string | null
  tableId?: string
  orderId?: string | null
  reservationId?: string | null
  active?: boolean
  source?: string
  version: number
  createdAt: string
  updatedAt: string
}

export type PosTables = {
  pos_database: PosDatabase
  pos_terminal: PosTerminal
  audit_events: AuditEvents
  category_sections: CategorySections
  customer_addresses: CustomerAddresses
  customer_profiles: CustomerProfiles
  delivery_drivers: DeliveryDrivers
  dining_tables: DiningTables
  employees: Employees
  expo_pass_ticket: ExpoPassTicket
  job_order_detail: JobOrderDetail
  job_order_detail_modifier: JobOrderDetailModifier
  job_order_header: JobOrderHeader
  job_order_status_history: JobOrderStatusHistory
  job_order_batch: JobOrderBatch
  kitchen_sections: KitchenSections
  menu_categories: MenuCategories
  menu_items: MenuItems
  menu_item_media: MenuItemMedia
  menu_item_modifier: MenuItemModifier
  menu_item_price: MenuItemPrice
  menu_modifiers: MenuModifiers
  order_delivery: OrderDelivery
  order_header: OrderHeader
  order_line: OrderLine
  order_line_modifier: OrderLineModifier
  order_line_statuses: OrderLineStatuses
  order_line_status_log: OrderLineStatusLog
  order_payment: OrderPayment
  order_payment_state: OrderPaymentState
  order_refund: OrderRefund
  order_return_header: OrderReturnHeader
  order_return_line: OrderReturnLine
  order_stages: OrderStages
  order_statuses: OrderStatuses
  order_status_log: OrderStatusLog
  order_types: OrderTypes
  payment_methods: PaymentMethods
  pos_shift: PosShift
  pos_terminals: PosTerminals
  reservations: Reservations
  reservation_table: ReservationTable
  shift_cash_audit: ShiftCashAudit
  shift_payment_summary: ShiftPaymentSummary
  table_lock: TableLock
}
