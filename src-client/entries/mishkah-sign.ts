/** `/static/lib/mishkah-sign.js`, and `mishkah-client/sign`: signing what a paired device sends by plain http. */

export {
  createSigner,
  type DeviceKey,
  type SignedRequest,
  type Signer,
  signedFetch,
  signSocket,
} from '../auth/sign.ts'
export { signedPlatform } from '../auth/signed-platform.ts'
