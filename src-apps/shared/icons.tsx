import { drawIcon } from '../../src-renderer/components/icons.tsx'

export {
  BackIcon,
  BusyIcon,
  CheckIcon,
  CloseIcon,
  EditIcon,
  ForwardIcon,
  Mark,
  OkIcon,
  RestoreIcon,
  SearchIcon,
  SlidersIcon,
  TrashIcon,
  UndoIcon,
  WarnIcon,
} from '../../src-renderer/components/icons.tsx'

export const PlusIcon = drawIcon(<path d="M10 4v12M4 10h12" />)
export const MinusIcon = drawIcon(<path d="M4 10h12" />)
export const TableIcon = drawIcon(
  <>
    <ellipse cx="10" cy="6.500" rx="7.200" ry="2.800" />
    <path d="M10 9.300V17M6.500 17h7" />
  </>,
)
export const BagIcon = drawIcon(
  <>
    <path d="M4.300 7h11.400l.8 8.700c.1.800-.5 1.500-1.300 1.500H4.800c-.8 0-1.400-.7-1.300-1.500z" />
    <path d="M7 9V6a3 3 0 0 1 6 0v3" />
  </>,
)
export const DeliveryIcon = drawIcon(
  <>
    <path d="M2.500 5h8.300v8.500H7.300M4.700 13.500H2.500V5M10.800 8h3.400l3.300 3v2.500h-1.300M13 13.500h-2.200" />
    <circle cx="6" cy="14.300" r="1.600" />
    <circle cx="14.600" cy="14.300" r="1.600" />
  </>,
)
export const PickupIcon = drawIcon(
  <>
    <path d="M3 8.500 4.300 4h11.400L17 8.500M4 9.500V16h12V9.500" />
    <path d="M3 8.500a2.300 2.300 0 0 0 4.700 0 2.300 2.300 0 0 0 4.600 0 2.300 2.300 0 0 0 4.700 0M8 16v-3.500h4V16" />
  </>,
)
export const PauseIcon = drawIcon(
  <>
    <circle cx="10" cy="10" r="7.200" />
    <path d="M8 7.500v5M12 7.500v5" />
  </>,
)
export const FlameIcon = drawIcon(
  <path d="M10 2.800c.5 3.200 4.700 5 4.700 9.200a4.700 4.700 0 0 1-9.400 0c0-1.900 1-3.100 2-4.200.3 1.300 1 2 1.700 2.300C8.700 7.200 8.800 4.700 10 2.800z" />,
)
export const ReceiptIcon = drawIcon(
  <>
    <path d="M4.500 2.800v14.400l1.800-1.200 1.900 1.200 1.800-1.200 1.800 1.200 1.900-1.200 1.800 1.200V2.800l-1.800 1.200-1.900-1.200L10 4 8.200 2.800 6.300 4z" />
    <path d="M7.300 8h5.400M7.300 11.300h5.400" />
  </>,
)
export const CashIcon = drawIcon(
  <>
    <rect x="2.500" y="5.300" width="15" height="9.400" rx="1.600" />
    <circle cx="10" cy="10" r="2.100" />
    <path d="M5 8v.1M15 12v.1" />
  </>,
)
export const CardIcon = drawIcon(
  <>
    <rect x="2.500" y="4.500" width="15" height="11" rx="2" />
    <path d="M2.500 8.200h15M5.500 12.300h3" />
  </>,
)
export const PhoneIcon = drawIcon(
  <>
    <rect x="5.500" y="2.500" width="9" height="15" rx="2" />
    <path d="M9 14.800h2" />
  </>,
)
export const PersonIcon = drawIcon(
  <>
    <circle cx="10" cy="6.500" r="3.200" />
    <path d="M3.800 16.800c.7-3.200 3.200-4.800 6.200-4.800s5.500 1.600 6.200 4.800" />
  </>,
)
export const LockIcon = drawIcon(
  <>
    <rect x="4.200" y="8.800" width="11.600" height="8" rx="2" />
    <path d="M6.800 8.600V6.400a3.200 3.200 0 0 1 6.400 0v2.200M10 12v1.800" />
  </>,
)
export const ClockIcon = drawIcon(
  <>
    <circle cx="10" cy="10" r="7.200" />
    <path d="M10 5.800V10l2.800 1.800" />
  </>,
)
export const PrinterIcon = drawIcon(
  <>
    <path d="M5.500 7V3h9v4M5.500 14H4a1.500 1.500 0 0 1-1.500-1.500V8.500C2.500 7.700 3.200 7 4 7h12c.8 0 1.500.7 1.500 1.500v4c0 .8-.7 1.500-1.500 1.500h-1.500" />
    <path d="M5.500 11.500h9V17h-9z" />
  </>,
)
export const SunIcon = drawIcon(
  <>
    <circle cx="10" cy="10" r="3.300" />
    <path d="M10 2.500v1.800M10 15.700v1.800M2.500 10h1.800M15.700 10h1.800M4.700 4.700l1.300 1.300M14 14l1.300 1.300M15.300 4.700 14 6M6 14l-1.300 1.300" />
  </>,
)
export const MoonIcon = drawIcon(<path d="M16.500 11.800A7 7 0 0 1 8.200 3.500a7 7 0 1 0 8.300 8.300z" />)
export const NoteIcon = drawIcon(
  <>
    <path d="M4 3.500h12v9l-4 4H4z" />
    <path d="M16 12.500h-4v4M7 7h6M7 10h4" />
  </>,
)
export const BackspaceIcon = drawIcon(
  <>
    <path d="M7.300 4.500h8.200c1.100 0 2 .9 2 2v7c0 1.100-.9 2-2 2H7.300L2.500 10z" />
    <path d="m9.500 7.800 4.400 4.400M13.900 7.800l-4.400 4.400" />
  </>,
)
export const PercentIcon = drawIcon(
  <>
    <path d="m15.500 4.500-11 11" />
    <circle cx="6" cy="6" r="2" />
    <circle cx="14" cy="14" r="2" />
  </>,
)
