import type { SystemDatabase } from '../../store/sqlite/system-database.ts'
import type { SecretBox } from '../tokens/key-file.ts'

/** How managers sign in at the provider of their company. */
export interface OidcSettings {
  /** Address of the provider; https, or http on this machine. */
  issuer: string
  clientId: string
  /** Absent for a client without one: PKCE alone then proves who fetches the tokens. */
  clientSecret?: string | undefined
  /** What the button says. */
  label: string
  /** Claim of the ID token that names the person; `email` counts only where the provider has verified it. */
  claim: string
  /** Value of the claim -> user name here. Nobody else is let in. */
  people: Record<string, string>
  /** Role of a person to make for a value that nobody has; null makes nobody. */
  newPersonRole: string | null
  /** Values of people who were removed: nobody is made for them again, until `people` names them. */
  removed?: readonly string[] | undefined
}

type Settings = Pick<SystemDatabase, 'findSetting' | 'setSetting' | 'removeSetting'>

const SETTING = 'access.oidc'

/** Kept in system.db; the client's secret sealed with a key that only `keys/` holds. */
export class OidcSettingsStore {
  readonly #settings: Settings
  readonly #box: SecretBox
  #known: OidcSettings | undefined

  /** @param onUnreadable - The keys of the server were made anew: the secret has to be typed again. */
  constructor(settings: Settings, box: SecretBox, onUnreadable: () => void) {
    this.#settings = settings
    this.#box = box
    const text = settings.findSetting(SETTING)
    if (text === undefined) return
    const { sealedSecret, ...known } = JSON.parse(text) as OidcSettings & { sealedSecret?: string }
    try {
      this.#known = sealedSecret === undefined ? known : { ...known, clientSecret: this.#unseal(sealedSecret) }
    } catch {
      onUnreadable()
    }
  }

  find(): OidcSettings | undefined {
    return this.#known
  }

  save(value: OidcSettings): void {
    const { clientSecret, ...open } = value
    const sealedSecret = clientSecret === undefined ? undefined : this.#box.seal(clientSecret).toString('base64url')
    this.#settings.setSetting(SETTING, JSON.stringify({ ...open, sealedSecret }))
    this.#known = value
  }

  remove(): void {
    this.#settings.removeSetting(SETTING)
    this.#known = undefined
  }

  #unseal(sealed: string): string {
    return this.#box.open(Buffer.from(sealed, 'base64url'))
  }
}
