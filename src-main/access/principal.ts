/**
 * Whom a request or a socket acts for. Made once at the border (src-main/access/sign-in), asked everywhere else; rules
 * see it as `auth` (`auth.uid`, `auth.role`, `auth.device`, `auth.branch`).
 */
export interface Principal {
  /**
   * `setup`: no manager exists yet, everyone admitted is one. `desktop`: the window or a tool of this machine.
   * `open-lan`: a device of the network without a token, where the branch allows it.
   */
  readonly kind: 'setup' | 'desktop' | 'person' | 'device' | 'open-lan'
  /** User id; null for a device that nobody signed in to. */
  readonly uid: string | null
  /** Shown in the audit log. */
  readonly name: string
  readonly deviceId: string | null
  readonly roleId: string
  /** Branches that the principal may enter; null for all. */
  readonly branchIds: readonly string[] | null
  /** Words such as `read:orders`, `write:*`, `update:order_line`, `manage:backups`, `*`. */
  readonly permissions: readonly string[]
  /** Of the token that proved it; closing it ends the principal's sockets. Null without one. */
  readonly sessionId: string | null
  /** Milliseconds since 1970 at which the proof ends; null when it does not. */
  readonly expiresAt: number | null
}

/** Until the first manager is made. */
export const SETUP_PRINCIPAL: Principal = {
  kind: 'setup',
  uid: null,
  name: 'set-up',
  deviceId: null,
  roleId: 'admin',
  branchIds: null,
  permissions: ['*'],
  sessionId: null,
  expiresAt: null,
}
