import Router, { type RouterContext } from '@koa/router'
import type { Context, Next } from 'koa'
import { AppError } from '../../../src-shared/errors.ts'
import { actorOf } from '../../access/audit/audit-log.ts'
import type { Area } from '../../access/roles/permissions.ts'
import { mayManage, requireAllBranches } from '../../access/sign-in/may-manage.ts'
import { redactText } from '../../lib/log.ts'
import type { Call } from './call.ts'
import type { Route } from './route.ts'

const MODULE_PREFIX = '/api/branches/:branchId/modules/:moduleId/'

/**
 * Finds the route of a request.
 *
 * A router looks at its layers one by one, so each resource gets a small router of its own: a segment of the path picks
 * it from a map, and only that resource's few layers are tried.
 */
export class Dispatcher {
  readonly #moduleRouters = new Map<string, RunRouter>()
  readonly #apiRouters = new Map<string, RunRouter>()
  readonly #rootRouters = new Map<string, RunRouter>()
  readonly #moduleRest: RunRouter

  constructor(routes: readonly Route[]) {
    const moduleRest = new Router({ sensitive: true })
    const routers = new Map<string, typeof moduleRest>()
    for (const route of routes) {
      const [map, name] = this.#placeOf(route.path)
      let router = moduleRest
      if (map) {
        const id = `${map === this.#moduleRouters ? 'module' : map === this.#apiRouters ? 'api' : 'root'} ${name}`
        const known = routers.get(id)
        router = known ?? new Router({ sensitive: true })
        if (!known) {
          routers.set(id, router)
          map.set(name, router.routes())
        }
      }
      register(router, route)
    }
    this.#moduleRest = moduleRest.routes()
  }

  #placeOf(path: string): [Map<string, RunRouter> | undefined, string] {
    if (path.startsWith(MODULE_PREFIX)) {
      const name = path.slice(MODULE_PREFIX.length).split(/[/{]/)[0] ?? ''
      return name.startsWith('*') ? [undefined, ''] : [this.#moduleRouters, name]
    }
    const [, first = '', second = ''] = path.split(/[/{]/)
    return first === 'api' ? [this.#apiRouters, second] : [this.#rootRouters, first]
  }

  /** Runs the route of `call`, or throws `not-found`, `path-not-found`, `method-not-allowed`, `invalid-request`. */
  async run(ctx: Context, call: Call): Promise<void> {
    const path = canonicalPath(call.path)
    const segments = path.split('/')
    if (path.includes('%')) checkEncoding(segments)
    ctx.state.call = call
    ctx.newRouterPath = path
    const router = this.#routerOf(segments)
    if (router) await router(ctx as RouterContext, () => this.#notMatched(ctx, segments, call))
    else throw notFound(call.path)
  }

  #routerOf(segments: readonly string[]): RunRouter | undefined {
    if (segments[1] !== 'api') return this.#rootRouters.get(segments[1] ?? '')
    if (segments[2] === 'branches' && segments.length > 6 && segments[4] === 'modules') {
      return this.#moduleRouters.get(segments[6] ?? '') ?? this.#moduleRest
    }
    return this.#apiRouters.get(segments[2] ?? '')
  }

  /** The path may exist with another method; below a module it may be a way into the snapshot. */
  async #notMatched(ctx: Context, segments: readonly string[], call: Call): Promise<void> {
    const matched = (ctx.matched ?? []) as { methods: string[] }[]
    const allowed = new Set(matched.flatMap((layer) => layer.methods))
    if (allowed.size > 0) {
      const allow = [...allowed].sort().join(', ')
      throw new AppError('method-not-allowed', `${call.request.method} is not possible here; ${allow} are.`, {
        details: { allow },
      })
    }
    const isBelowModule = segments[2] === 'branches' && segments[4] === 'modules' && segments.length > 6
    if (!isBelowModule || ctx.state.isRest) throw notFound(call.path)
    ctx.state.isRest = true
    await this.#moduleRest(ctx as RouterContext, () => this.#notMatched(ctx, segments, call))
  }
}

/** What takes a word of management is written down, except reading; so is what managers do under the words of tables. */
function isAudited({ method, permission, tag }: Route): boolean {
  return method !== 'GET' && (permission.startsWith('manage:') || tag === 'Branches')
}

/**
 * Written when it was done, unless the route has written an entry of its own, which says more; refusals are written where
 * they are answered.
 */
async function handleAudited(call: Call, handle: Route['handle'], name: string): Promise<void> {
  await handle(call)
  if (call.isNoted || !call.principalOrNone) return
  const { audit, identity } = call.services.access
  if (identity.isOpen) return
  const actor = actorOf(call.principalOrNone, call.network.address)
  const { namedBranchId: branchId } = call
  const named = Object.entries({ ...(branchId !== undefined && { branchId }), ...call.params })
  const details = Object.fromEntries(named.map(([key, value]) => [key, String(value).slice(0, 64)]))
  audit.record({ action: 'manage', outcome: 'done', actor, subject: name, details })
}

/** @throws AppError `unauthorized` for who is not known, `forbidden` for who may not. */
function checkPermission(call: Call, { permission, scope }: Route): void {
  if (permission === 'public') return
  if (scope === 'server') requireAllBranches(call.principal)
  if (permission === 'signed-in' || permission === 'table') return
  if (mayManage(call.principal, permission.slice('manage:'.length) as Area)) return
  throw new AppError('forbidden', `The role ${call.principal.roleId} does not have the permission ${permission}.`, {
    details: { rule: `permission ${permission}`, permission },
  })
}

type RunRouter = (ctx: RouterContext, next: Next) => unknown

function register(router: Router, route: Route): void {
  const { handle } = route
  const name = isAudited(route) ? `${route.method} ${route.path}` : undefined
  router.register(route.path, [route.method], (ctx: RouterContext) => {
    const call = ctx.state.call as Call
    call.params = ctx.params
    checkPermission(call, route)
    return name === undefined ? handle(call) : handleAudited(call, handle, name)
  })
}

/** `/branches/...` and `/api/branch/...` are `/api/branches/...`. */
function canonicalPath(path: string): string {
  if (path.startsWith('/api/branch/')) return `/api/branches/${path.slice(12)}`
  if (path === '/branches' || path.startsWith('/branches/')) return `/api${path}`
  return path
}

/** The router would pass a malformed segment on as it is. */
function checkEncoding(segments: readonly string[]): void {
  for (const segment of segments) {
    try {
      decodeURIComponent(segment)
    } catch (cause) {
      throw new AppError('invalid-request', 'The path is not percent-encoded correctly.', { cause })
    }
  }
}

function notFound(asked: string): AppError {
  const path = redactText(asked)
  if (path.startsWith('/api/manage/')) {
    return new AppError('management-endpoint-not-found', 'There is no such management endpoint.', { details: { path } })
  }
  return new AppError('not-found', 'There is nothing at this path.', { details: { path } })
}
