import { hash } from 'node:crypto'
import { rightsOf } from '../../access/view/guarded-module.ts'
import type { ModuleStore } from '../../store/api.ts'

/**
 * The value of a tag for what a module says at a position, without quotes. Callers with other rights get other answers
 * from the same address, so theirs have other tags: a browser in which somebody else signs in asks again, and so does one
 * that comes back after the policy was changed.
 */
export function positionTag(module: ModuleStore, { epoch, seq }: { epoch: number; seq: number }): string {
  const rights = rightsOf(module)
  const suffix = rights ? `.${hash('sha256', `${rights.key} ${rights.viewKey}`, 'base64url').slice(0, 16)}` : ''
  return `${epoch}.${seq}${suffix}`
}
