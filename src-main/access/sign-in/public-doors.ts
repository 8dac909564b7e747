/**
 * What answers without signing in once the branch is closed: how one comes to sign in or to be paired, and whether the
 * server lives. Pages are files without data and are served before these are asked. docs/access.md explains each.
 */
const PUBLIC_DOORS = new Set([
  'GET /healthz',
  'GET /livez',
  'GET /readyz',
  'GET /trust',
  'GET /trust/style.css',
  'GET /trust/ca.crt',
  'GET /api/auth/state',
  'POST /api/auth/setup',
  'POST /api/auth/login',
  'POST /api/auth/refresh',
  'POST /api/auth/recover',
  'POST /api/auth/approve-device',
  'GET /api/auth/oidc/start',
  'GET /api/auth/oidc/callback',
  'POST /api/pair',
  'POST /api/pair/collect',
])

/** @param path - As sent, without query. */
export function isPublicDoor(method: string, path: string): boolean {
  return PUBLIC_DOORS.has(`${method} ${path}`)
}
