import {
  BagIcon,
  CardIcon,
  CashIcon,
  DeliveryIcon,
  PhoneIcon,
  PickupIcon,
  ReceiptIcon,
  TableIcon,
} from '../../shared/icons.tsx'

const TYPES: Readonly<Record<string, typeof BagIcon>> = {
  dine_in: TableIcon,
  takeaway: BagIcon,
  delivery: DeliveryIcon,
  pickup: PickupIcon,
}

export function TypeIcon({ typeId, size = 20 }: { typeId: string | undefined; size?: number }) {
  const Icon = TYPES[typeId ?? ''] ?? BagIcon
  return <Icon size={size} />
}

const METHODS: Readonly<Record<string, typeof BagIcon>> = {
  cash: CashIcon,
  card: CardIcon,
  transfer: PhoneIcon,
  wallet: PhoneIcon,
  credit: ReceiptIcon,
}

export function MethodIcon({ type }: { type: string | undefined }) {
  const Icon = METHODS[type ?? ''] ?? CardIcon
  return <Icon size={22} />
}
