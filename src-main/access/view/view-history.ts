import type { ModuleStore } from '../../store/api.ts'
import type { Principal } from '../principal.ts'
import { rightsOf } from './guarded-module.ts'

/** Where the beginnings of views are kept: settings of system.db. */
export interface ViewSettings {
  findSetting(key: string): string | undefined
  setSetting(key: string, value: string): void
}

/** Since when a reader has the view of a module that it has: a cursor up to here was taken under another one. */
interface Beginning {
  /** Empty for who sees everything. */
  view: string
  epoch: number
  seq: number
}

/**
 * Tells cursors that were taken under other rights. A delta says what changed in the data, not what changed in the rights,
 * so such a reader needs everything anew:
 *
 *     cursor 40 · role changes · log at 60 · reader is back: other view than last time, it begins at 60 ► full sync
 *     cursor 75 · same view as last time, begun at 60                                                  ► delta
 *
 * What a reader sees is compared when it asks, so it does not matter what changed it: a role, the role of a person or a
 * device, the policy, the schema, or another person at the same device. Rights that change and change back cost nothing,
 * and neither do roles that see the same.
 */
export class ViewHistory {
  readonly #settings: ViewSettings

  constructor(settings: ViewSettings = rememberInMemory()) {
    this.#settings = settings
  }

  /**
   * Whether a delta may go on from the cursor; notes the reader's view.
   *
   * @param module - As the reader sees it.
   * @param cursor - None for a reader that starts anew, which is noted all the same.
   */
  continues(reader: Principal, module: ModuleStore, cursor: Partial<Omit<Beginning, 'view'>> | undefined): boolean {
    const key = keyOf(reader)
    if (key === undefined) return true
    const view = rightsOf(module)?.viewKey ?? ''
    const place = `${module.branchId}/${module.moduleId}`
    const beginnings = JSON.parse(this.#settings.findSetting(key) ?? '{}') as Record<string, Beginning>
    let beginning = Object.hasOwn(beginnings, place) ? beginnings[place] : undefined
    if ((beginning?.view ?? '') !== view) {
      const { epoch, seq } = module.head()
      // Whoever is new and starts anew has no older data: what it is answered now stands at the head.
      const isNew = beginning === undefined && cursor === undefined
      beginning = { view, epoch, seq: isNew ? seq - 1 : seq }
      this.#note(key, { ...beginnings, [place]: beginning })
    }
    if (!beginning || cursor?.epoch !== beginning.epoch) return true // of another epoch: the delta itself refuses it
    return (cursor.seq ?? 0) > beginning.seq
  }

  /** A disk that is full keeps nobody from reading: until it can be noted, the reader is answered in full each time. */
  #note(key: string, beginnings: Record<string, Beginning>): void {
    try {
      this.#settings.setSetting(key, JSON.stringify(beginnings))
    } catch {}
  }
}

/** A device keeps its copy of the data whoever signs in on it. Undefined for who always sees everything. */
function keyOf({ kind, deviceId, uid }: Principal): string | undefined {
  if (kind === 'setup' || kind === 'desktop') return undefined
  if (deviceId !== null) return `view.device.${deviceId}`
  return uid === null ? `view.${kind}` : `view.person.${uid}`
}

function rememberInMemory(): ViewSettings {
  const settings = new Map<string, string>()
  return {
    findSetting: (key) => settings.get(key),
    setSetting: (key, value) => void settings.set(key, value),
  }
}
