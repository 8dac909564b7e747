import makeMdns, { type MulticastDNS, type ResponsePacket } from 'multicast-dns'
import { afterEach, expect, test } from 'vitest'
import { silentLog } from '../../lib/log.ts'
import { type Announcement, type Announcer, openAnnouncer, SERVICE_TYPE } from './announcer.ts'

/** Real multicast, on this machine's loopback and a port that nobody else uses. */
const ADDRESS = '127.0.0.1'
const BRANCH: Announcement = {
  instance: 'Mishkah dar',
  host: 'branch-pc.local',
  port: 3200,
  txt: { branch: 'dar', protocol: '2', fingerprint: 'AB:CD' },
}

let announcer: Announcer
let listener: MulticastDNS
afterEach(async () => {
  await announcer.close()
  await new Promise<void>((resolve) => listener.destroy(resolve))
})

interface Heard {
  name: string
  type: string
  ttl: number
  data: unknown
}

/** The next response that has a record for which `isMeant` says yes. */
function hear(isMeant: (record: Heard) => boolean): Promise<Heard[]> {
  return new Promise((resolve) => {
    const look = ({ answers }: ResponsePacket): void => {
      const records = answers as unknown as Heard[]
      if (!records.some(isMeant)) return
      listener.removeListener('response', look)
      resolve(records)
    }
    listener.on('response', look)
  })
}

async function open(port: number): Promise<void> {
  announcer = openAnnouncer(silentLog, port)
  listener = makeMdns({ interface: ADDRESS, bind: '0.0.0.0', port })
  await new Promise<void>((resolve) => listener.on('ready', resolve))
}

const textOf = (records: Heard[]): string[] =>
  records.filter(({ type }) => type === 'TXT').flatMap(({ data }) => (data as Buffer[]).map(String))

test('a branch announces itself, answers who asks, tells changes and says goodbye', async () => {
  await open(53_531)
  const first = hear(({ type }) => type === 'PTR')
  announcer.refresh(BRANCH, [ADDRESS])
  const records = await first
  expect(records.map(({ name, type, ttl }) => [name, type, ttl])).toEqual([
    [SERVICE_TYPE, 'PTR', 120],
    [`Mishkah dar.${SERVICE_TYPE}`, 'SRV', 120],
    [`Mishkah dar.${SERVICE_TYPE}`, 'TXT', 120],
    ['branch-pc.local', 'A', 120],
  ])
  expect(records[1]?.data).toMatchObject({ port: 3200, target: 'branch-pc.local' })
  expect([textOf(records), records[3]?.data]).toEqual([['branch=dar', 'protocol=2', 'fingerprint=AB:CD'], ADDRESS])

  const asked = hear(({ type }) => type === 'SRV')
  listener.query('_MISHKAH._tcp.local', 'PTR')
  expect(await asked).toHaveLength(4)
  const types = hear(({ data }) => data === SERVICE_TYPE)
  listener.query('_services._dns-sd._udp.local', 'PTR')
  expect(await types).toHaveLength(1)

  const moved = hear((record) => record.type === 'SRV' && (record.data as { port: number }).port === 3243)
  announcer.refresh({ ...BRANCH, port: 3243 }, [ADDRESS])
  await moved
  const gone = hear(({ ttl }) => ttl === 0)
  await announcer.close()
  expect((await gone).every(({ ttl }) => ttl === 0)).toBe(true)
})

test('questions about others are not answered, and an address that is gone is left', async () => {
  await open(53_532)
  const up = hear(({ type }) => type === 'PTR')
  announcer.refresh(BRANCH, [ADDRESS])
  await up
  const heard: string[] = []
  listener.on('response', ({ answers }) => heard.push(...answers.map(({ name }) => name)))
  listener.query('_airplay._tcp.local', 'PTR')
  const answered = hear(({ type }) => type === 'SRV')
  listener.query(SERVICE_TYPE, 'PTR')
  await answered
  expect(heard.filter((name) => name.includes('airplay'))).toEqual([])

  announcer.refresh(BRANCH, [])
  const back = hear(({ type }) => type === 'PTR')
  announcer.refresh(BRANCH, [ADDRESS])
  expect(await back).toHaveLength(4)
})
