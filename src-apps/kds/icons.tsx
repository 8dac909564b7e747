import { drawIcon } from '../../src-renderer/components/icons.tsx'

/** Ages by shape: a clock, a triangle, a stop sign. */
export { ClockIcon as FreshIcon, WarnIcon as DueIcon } from '../shared/icons.tsx'
export const LateIcon = drawIcon(
  <>
    <path d="M7 2.800h6L17.200 7v6L13 17.200H7L2.800 13V7z" />
    <path d="M10 6.200v4.600M10 13.600v.1" />
  </>,
)
/** An item that waits: an empty place for the tick. */
export const WaitingIcon = drawIcon(<circle cx="10" cy="10" r="7.200" />)
export const BellIcon = drawIcon(
  <>
    <path d="M10 3a4.800 4.800 0 0 0-4.800 4.800c0 4.200-1.700 5.400-1.700 5.400h13s-1.700-1.200-1.700-5.400A4.800 4.800 0 0 0 10 3z" />
    <path d="M8.500 16.300a1.700 1.700 0 0 0 3 0" />
  </>,
)
export const BellOffIcon = drawIcon(
  <>
    <path d="M7.200 4A4.800 4.800 0 0 1 14.800 7.800c0 1.300.2 2.300.4 3.100M13.200 13.200H3.500s1.700-1.200 1.700-5.400c0-.5.1-1 .2-1.400" />
    <path d="M8.500 16.300a1.700 1.700 0 0 0 3 0M3 3l14 14" />
  </>,
)
export const SizeIcon = drawIcon(
  <path d="m2.500 16 4.300-12L11 16M4 12h5.500M12.500 16l2.500-7 2.500 7M13.300 13.800h3.400" />,
)
export const SumIcon = drawIcon(
  <>
    <path d="M4.500 5.500h.1M4.500 10h.1M4.500 14.500h.1" strokeWidth="2.600" />
    <path d="M8.300 5.500h8M8.300 10h8M8.300 14.500h5" />
  </>,
)
export const HallIcon = drawIcon(
  <>
    <rect x="3" y="3" width="6" height="6" rx="1.500" />
    <rect x="11" y="3" width="6" height="6" rx="1.500" />
    <rect x="3" y="11" width="6" height="6" rx="1.500" />
    <rect x="11" y="11" width="6" height="6" rx="1.500" />
  </>,
)
