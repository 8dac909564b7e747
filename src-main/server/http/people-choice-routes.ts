import { z } from 'zod'
import { AppError } from '../../../src-shared/errors.ts'
import { meetsIn } from '../../access/sign-in/may-manage.ts'
import { type Route, route } from './route.ts'

const choiceShape = z.object({ id: z.string(), user: z.string(), name: z.string(), role: z.string() })

/** What a PIN pad shows. */
export const peopleChoiceRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/auth/people',
    tag: 'Access',
    permission: 'signed-in',
    summary: 'Who may sign in with a PIN on the paired device that asks: active people of its branches',
    answers: { 200: { description: 'People, by name', schema: z.object({ people: z.array(choiceShape) }) } },
    errors: ['device-required'],
    handle(call) {
      const { people, devices } = call.services.access
      const device = call.principal.deviceId === null ? undefined : devices.findActive(call.principal.deviceId)
      if (!device) throw new AppError('device-required', 'Only a paired device is told who works in the branch.')
      const found = people.list().filter((one) => one.hasPin && !one.isDisabled && meetsIn(device, one.branches))
      const shown = found.map(({ id, user, name, role }) => ({ id, user, name, role }))
      call.send(200, { people: shown.sort((a, b) => a.name.localeCompare(b.name)) })
    },
  }),
]
