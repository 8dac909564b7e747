/** `/static/lib/mishkah-auth.js`, and `mishkah-client/auth`: pairing a device and signing in on it. */

export type { AccessState, PairedDevice, PersonChoice, SignedInPerson } from '../auth/access-state.ts'
export {
  type AttachableStore,
  createDeviceSession,
  type DeviceSession,
  type DeviceSessionEvents,
  type DeviceSessionOptions,
} from '../auth/device-session.ts'
export { pairingSecretOf } from '../auth/pairing-secret.ts'
