import type { ReactNode } from 'react'

interface IconProps {
  size?: number
  className?: string
}

/** Drawn for the console and the apps on a grid of 20. Always decoration: the word beside it is what counts. */
export function drawIcon(content: ReactNode, { isMirrored = false } = {}) {
  return function Icon({ size = 20, className = '' }: IconProps) {
    return (
      <svg
        className={`icon ${isMirrored ? 'icon-mirrored' : ''} ${className}`}
        width={size}
        height={size}
        viewBox="0 0 20 20"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.6"
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
        focusable="false"
      >
        {content}
      </svg>
    )
  }
}

export const OverviewIcon = drawIcon(
  <>
    <path d="M3 17.200V9.300C3 5.900 6.600 5 10 2.300 13.400 5 17 5.900 17 9.300v7.900z" />
    <path d="M10 8.400c1.500 1.700 2.100 2.700 2.100 3.800a2.100 2.100 0 0 1-4.200 0c0-1.100.6-2.100 2.100-3.800z" />
  </>,
)
export const TablesIcon = drawIcon(
  <>
    <rect x="2.800" y="3.800" width="14.400" height="12.400" rx="2" />
    <path d="M2.800 8.200h14.400M8 8.200v8" />
  </>,
)
export const SnapshotsIcon = drawIcon(
  <>
    <path d="M3 7.300c0-1 .8-1.800 1.800-1.800h1.700l1.200-1.700h4.600l1.200 1.700h1.700c1 0 1.800.8 1.800 1.800v7.100c0 1-.8 1.800-1.800 1.800H4.800c-1 0-1.800-.8-1.800-1.800z" />
    <circle cx="10" cy="10.700" r="2.800" />
  </>,
)
export const PurgeIcon = drawIcon(
  <>
    <path d="M3.500 6.500 5 15.200c.1.900.9 1.500 1.700 1.500h6.600c.8 0 1.600-.6 1.700-1.500l1.500-8.700z" />
    <path d="M2.800 6.500h14.400M7.600 6.300C7.600 4.300 8.500 3 10 3s2.400 1.300 2.400 3.300M8.300 10l3.400 3.400M11.700 10l-3.400 3.400" />
  </>,
)
export const SequencesIcon = drawIcon(<path d="M7.800 3 6.200 17M13.800 3l-1.600 14M3.300 7.300h14M2.700 12.700h14" />)
export const BackupsIcon = drawIcon(
  <>
    <path d="M3 5.800C3 4.300 6.100 3 10 3s7 1.300 7 2.800-3.100 2.800-7 2.800-7-1.300-7-2.800z" />
    <path d="M3 5.800v8.400C3 15.700 6.100 17 10 17M17 5.800V9M3 10c0 1.500 2.700 2.700 6.200 2.800" />
    <path d="m12.300 14.600 1.900 1.900 3.500-3.800" />
  </>,
)
export const CheckIcon = drawIcon(<path d="m4.500 10.500 3.700 3.700 7.300-8" />)
export const OkIcon = drawIcon(
  <>
    <circle cx="10" cy="10" r="7.200" />
    <path d="m6.900 10.200 2.200 2.200 4.100-4.600" />
  </>,
)
export const WarnIcon = drawIcon(
  <>
    <path d="M8.700 3.500 2.500 14.300c-.6 1 .1 2.200 1.300 2.200h12.400c1.200 0 1.900-1.200 1.300-2.200L11.300 3.500c-.6-1-2-1-2.600 0z" />
    <path d="M10 7.800v3.600M10 13.900v.1" />
  </>,
)
export const StopIcon = drawIcon(
  <>
    <path d="M7 2.800h6L17.200 7v6L13 17.200H7L2.800 13V7z" />
    <path d="M7.600 7.600l4.800 4.800M12.400 7.600l-4.800 4.800" />
  </>,
)
export const InfoIcon = drawIcon(
  <>
    <circle cx="10" cy="10" r="7.200" />
    <path d="M10 9.300v4M10 6.500v.1" />
  </>,
)
export const BusyIcon = drawIcon(<path d="M10 2.800a7.200 7.200 0 1 1-6.800 4.800" />)
export const CopyIcon = drawIcon(
  <>
    <rect x="7.300" y="7.300" width="9.700" height="9.700" rx="2" />
    <path d="M4.700 12.700C3.700 12.700 3 12 3 11V5c0-1.100.9-2 2-2h6c1 0 1.700.7 1.700 1.700" />
  </>,
)
export const CloseIcon = drawIcon(<path d="m5 5 10 10M15 5 5 15" />)
export const SearchIcon = drawIcon(
  <>
    <circle cx="8.800" cy="8.800" r="5.300" />
    <path d="m12.800 12.800 4 4" />
  </>,
)
export const DownIcon = drawIcon(<path d="m5.500 8 4.500 4.500L14.500 8" />)
export const ForwardIcon = drawIcon(<path d="m8 5 5 5-5 5" />, { isMirrored: true })
export const BackIcon = drawIcon(<path d="m12 5-5 5 5 5" />, { isMirrored: true })
export const MenuIcon = drawIcon(<path d="M3 5.500h14M3 10h14M3 14.500h14" />)
export const SlidersIcon = drawIcon(
  <>
    <path d="M3 6h6.200M13.800 6H17M3 14h3.200M10.800 14H17" />
    <circle cx="11.500" cy="6" r="2.300" />
    <circle cx="8.500" cy="14" r="2.300" />
  </>,
)
export const KeyboardIcon = drawIcon(
  <>
    <rect x="2" y="5" width="16" height="10" rx="2" />
    <path d="M5 8.300v.1M8.300 8.300v.1M11.700 8.300v.1M15 8.300v.1M6.500 12h7" />
  </>,
)
export const DownloadIcon = drawIcon(<path d="M10 3v9M6.200 8.700 10 12.500l3.800-3.800M3.500 16.500h13" />)
export const RestoreIcon = drawIcon(
  <>
    <path d="M3.300 4v4h4" />
    <path d="M3.600 8A6.900 6.900 0 1 1 3 11.500" />
    <path d="M10 6.800v3.600l2.400 1.500" />
  </>,
)
export const UndoIcon = drawIcon(<path d="M7.500 4 3.500 8l4 4M3.800 8h8a4.400 4.400 0 0 1 0 8.800H8" />, {
  isMirrored: true,
})
export const TrashIcon = drawIcon(
  <path d="M3.500 5.500h13M7.500 5.300V3.800c0-.5.300-.8.800-.8h3.400c.5 0 .8.300.8.800v1.500M5 5.500l.7 10c.1.900.7 1.500 1.500 1.500h5.600c.8 0 1.400-.6 1.500-1.500l.7-10" />,
)
export const FolderIcon = drawIcon(
  <path d="M2.800 6c0-1 .8-1.800 1.800-1.800h3l1.800 2h6c1 0 1.800.8 1.800 1.800v6c0 1-.8 1.800-1.800 1.800H4.600c-1 0-1.800-.8-1.800-1.800z" />,
)
export const EditIcon = drawIcon(
  <path d="M3.500 16.500l.8-3.500 8.900-8.900a1.700 1.700 0 0 1 2.500 0l.2.2c.7.7.7 1.800 0 2.500L7 15.700z" />,
)
export const SkipIcon = drawIcon(<path d="m4 5 5.500 5L4 15zM11 5l5.500 5-5.500 5z" />, { isMirrored: true })
export const DeviceIcon = drawIcon(
  <>
    <rect x="4.300" y="2.500" width="11.400" height="15" rx="2" />
    <path d="M9.200 14.800h1.600" />
  </>,
)
export const DiskIcon = drawIcon(
  <>
    <path d="M3 11.500 5 4.700c.2-.6.700-1 1.400-1h7.200c.7 0 1.200.4 1.400 1l2 6.800" />
    <rect x="3" y="11.300" width="14" height="5" rx="1.500" />
    <path d="M13.800 13.800v.1" />
  </>,
)
export const PulseIcon = drawIcon(<path d="M2.500 10.500h3l2-6 4 11.500 2.500-8 1.200 2.500h2.300" />)
export const ColumnsIcon = drawIcon(
  <>
    <rect x="2.800" y="3.800" width="14.400" height="12.400" rx="2" />
    <path d="M7.600 3.800v12.400M12.400 3.800v12.400" />
  </>,
)
export const KeyIcon = drawIcon(
  <>
    <circle cx="6.600" cy="10" r="3.600" />
    <path d="M10.200 10h7M14.200 10v2.800" />
  </>,
)

export const PeopleIcon = drawIcon(
  <>
    <circle cx="7.500" cy="6.800" r="3.100" />
    <path d="M2.300 16.500c.3-3.200 2.400-5 5.200-5s4.900 1.800 5.200 5M12.800 4.200a3 3 0 0 1 0 5.400M14.500 12c1.900.6 3 2.200 3.200 4.500" />
  </>,
)
export const RolesIcon = drawIcon(
  <>
    <path d="M10 2.500c2.200 1.500 4.400 2.200 6.500 2.300v4.700c0 3.800-2.500 6.500-6.500 8-4-1.500-6.500-4.200-6.500-8V4.800c2.100-.1 4.300-.8 6.500-2.300z" />
    <path d="m7 10 2.200 2.200L13.200 8" />
  </>,
)
export const AuditIcon = drawIcon(
  <>
    <path d="M5 2.800h7.200L15.500 6v9.700c0 .8-.7 1.500-1.500 1.500H6c-.8 0-1.500-.7-1.500-1.500z" />
    <path d="M7.500 8.200h5M7.500 11h5M7.500 13.800h3" />
  </>,
)
export const AccountIcon = drawIcon(
  <>
    <circle cx="10" cy="7" r="3.500" />
    <path d="M3.500 17c.5-3.500 3-5.500 6.500-5.500s6 2 6.500 5.500" />
  </>,
)
export const PrintIcon = drawIcon(
  <>
    <path d="M5.500 7V2.800h9V7M5.500 14H4c-.8 0-1.500-.7-1.500-1.500v-4C2.500 7.700 3.200 7 4 7h12c.8 0 1.500.7 1.500 1.500v4c0 .8-.7 1.500-1.500 1.500h-1.500" />
    <path d="M5.500 11.500h9v5.700h-9z" />
  </>,
)
export const PlusIcon = drawIcon(<path d="M10 4v12M4 10h12" />)

/** The lamp in its niche: the product's mark. */
export function Mark({ size = 28 }: { size?: number }) {
  return (
    <svg className="mark" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path className="mark-niche" d="M5 30V15.500C5 9 11 6.500 16 2c5 4.500 11 7 11 13.500V30z" />
      <path
        className="mark-glow"
        d="M10.500 30v-13c0-4 3.300-5.600 5.500-7.800 2.200 2.200 5.500 3.800 5.500 7.800v13z"
      />
      <path
        className="mark-flame"
        d="M16 13.500c2.600 3 3.700 4.700 3.700 6.600a3.700 3.700 0 0 1-7.400 0c0-1.900 1.100-3.600 3.700-6.600z"
      />
    </svg>
  )
}
