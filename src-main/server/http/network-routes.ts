import { z } from 'zod'
import { checkNetwork } from '../../net/network-check.ts'
import { note } from './auth-routes.ts'
import { reasonText } from './people-routes.ts'
import { type Route, route } from './route.ts'

const address = z.object({ url: z.string(), kind: z.enum(['loopback', 'lan']) })
const facts = z.object({
  addresses: z.array(address),
  https: z
    .object({ port: z.int(), notAfter: z.iso.datetime(), names: z.array(z.string()) })
    .nullable()
    .describe('null while https is not served'),
  authority: z
    .object({
      fingerprint: z.string().describe('SHA-256 of the certificate, to compare with what a device shows'),
      keyHash: z.string().describe('SHA-256 of the public key, base64, to pin'),
      notAfter: z.iso.datetime(),
    })
    .nullable()
    .describe('null with a certificate of the owner'),
  isAnnounced: z.boolean().describe('by mDNS as _mishkah._tcp'),
  plainHttp: z.object({ allowsSigned: z.boolean() }).describe('What other devices may do without encryption'),
})
const plainHttpShape = z.object({ allowsSigned: z.boolean(), warning: z.string().nullable() })
const steps = z.object({
  isReachable: z.boolean().describe('No step failed'),
  steps: z.array(
    z.object({
      step: z.enum(['adapter', 'listen', 'address', 'https', 'certificate', 'clock']),
      result: z.enum(['ok', 'failed', 'skipped']),
      message: z.string(),
    }),
  ),
})

export const SIGNED_HTTP_WARNING =
  'Paired devices may use plain http: whoever is on the network can read what they send and what they are answered.'

/** How other devices reach this branch. */
export const networkRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/manage/network',
    tag: 'Network',
    permission: 'manage:network',
    summary: 'Addresses, https, the authority that devices are to trust',
    answers: { 200: { description: 'What devices need to know', schema: facts } },
    async handle(call) {
      const network = call.services.network()
      const authority = await network.authority()
      const port = network.httpsPort()
      const certificate = network.certificate()
      call.send(200, {
        addresses: call.services.addresses(),
        https:
          port === undefined || !certificate
            ? null
            : { port, notAfter: certificate.notAfter, names: certificate.names },
        authority: authority
          ? { fingerprint: authority.fingerprint, keyHash: authority.keyHash, notAfter: authority.notAfter }
          : null,
        isAnnounced: network.isAnnounced(),
        plainHttp: { allowsSigned: call.services.access.signed.isAllowed },
      })
    },
  }),
  route({
    method: 'PUT',
    path: '/api/manage/network/plain-http',
    tag: 'Network',
    permission: 'manage:network',
    scope: 'server',
    summary: 'Whether paired devices may use plain http when they sign what they send',
    body: z.object({ allowsSigned: z.boolean(), reason: reasonText }),
    answers: { 200: { description: 'As it is now, and what it weakens', schema: plainHttpShape } },
    handle(call, { body: { allowsSigned, reason } }) {
      const { signed, noteRights } = call.services.access
      signed.isAllowed = allowsSigned
      if (!allowsSigned) noteRights({ isEnded: true, isMeant: (principal) => signed.isOfSignedSocket(principal) })
      note(call, 'network.plain-http', allowsSigned ? 'signed' : 'off', { reason })
      call.send(200, { allowsSigned, warning: allowsSigned ? SIGNED_HTTP_WARNING : null })
    },
  }),
  route({
    method: 'POST',
    path: '/api/manage/network-check',
    tag: 'Network',
    permission: 'manage:network',
    summary: 'Walks the way of a tablet to the server and says which step fails',
    answers: { 200: { description: 'The steps, in order', schema: steps } },
    async handle(call) {
      const { options, network: openNetwork, addresses } = call.services
      const network = openNetwork()
      await network.check()
      const found = await checkNetwork({
        host: options.host,
        port: Number(new URL(addresses()[0]?.url ?? '').port),
        httpsPort: network.httpsPort(),
        addresses: network.addresses(),
        certificate: network.certificate(),
        authorityPem: (await network.authority())?.pem,
        now: Date.now(),
      })
      call.send(200, { isReachable: found.every(({ result }) => result !== 'failed'), steps: found })
    },
  }),
]
