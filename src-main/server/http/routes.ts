import { branchRoutes } from './branch-routes.ts'
import { healthRoutes } from './health-routes.ts'
import type { Route } from './route.ts'
import { tableRoutes } from './table-routes.ts'

/** Every endpoint of the server. */
export const routes: readonly Route[] = [...healthRoutes, ...branchRoutes, ...tableRoutes]
