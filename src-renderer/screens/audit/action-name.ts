import { useI18n } from '../../i18n/i18n.tsx'

/** Actions of the log that people look for; others are shown by their code. */
export const ACTIONS = [
  'person.sign-in',
  'person.sign-out',
  'person.first-manager',
  'person.recover',
  'person.add',
  'person.change',
  'person.remove',
  'person.unlock',
  'person.change-password',
  'person.change-pin',
  'session.end',
  'device.invite',
  'device.approve',
  'device.turn-away',
  'device.pair',
  'device.change',
  'device.revoke',
  'manage',
  'request',
  'network.plain-http',
  'audit.export',
] as const

export function useActionName(): (action: string) => string {
  const { find } = useI18n()
  return (action) => find(`action.${action}`) ?? action
}
