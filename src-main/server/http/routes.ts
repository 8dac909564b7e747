import { requestLogRoutes } from '../request-log/request-log-routes.ts'
import { asyncApiRoutes } from './asyncapi-routes.ts'
import { auditRoutes } from './audit-routes.ts'
import { authRoutes } from './auth-routes.ts'
import { backupRoutes } from './backup-routes.ts'
import { branchRoutes } from './branch-routes.ts'
import { deviceRoutes } from './device-routes.ts'
import { eventRoutes } from './event-routes.ts'
import { fullSyncRoutes } from './full-sync-routes.ts'
import { healthRoutes } from './health-routes.ts'
import { i18nRoutes } from './i18n-routes.ts'
import { moduleRoutes } from './module-routes.ts'
import { networkRoutes } from './network-routes.ts'
import { oidcRoutes } from './oidc-routes.ts'
import { openApiRoutes } from './openapi-routes.ts'
import { orderRoutes } from './order-routes.ts'
import { peopleChoiceRoutes } from './people-choice-routes.ts'
import { peopleRoutes } from './people-routes.ts'
import { purgeRoutes } from './purge-routes.ts'
import { queryRoutes } from './query-routes.ts'
import { resetRoutes } from './reset-routes.ts'
import { roleRoutes } from './role-routes.ts'
import type { Route } from './route.ts'
import { saveRoutes } from './save-routes.ts'
import { schemaRoutes } from './schema-routes.ts'
import { seedRoutes } from './seed-routes.ts'
import { sequenceRoutes } from './sequence-routes.ts'
import { snapshotRoutes } from './snapshot-routes.ts'
import { statusRoutes } from './status-routes.ts'
import { syncRoutes } from './sync-routes.ts'
import { tableRoutes } from './table-routes.ts'
import { trustRoutes } from './trust-routes.ts'

const resources: readonly Route[] = [
  ...healthRoutes,
  ...branchRoutes,
  ...tableRoutes,
  ...saveRoutes,
  ...orderRoutes,
  ...eventRoutes,
  ...syncRoutes,
  ...sequenceRoutes,
  ...snapshotRoutes,
  ...statusRoutes,
  ...backupRoutes,
  ...fullSyncRoutes,
  ...resetRoutes,
  ...purgeRoutes,
  ...schemaRoutes,
  ...moduleRoutes,
  ...seedRoutes,
  ...i18nRoutes,
  ...queryRoutes,
  ...networkRoutes,
  ...trustRoutes,
  ...asyncApiRoutes,
  ...authRoutes,
  ...oidcRoutes,
  ...peopleChoiceRoutes,
  ...peopleRoutes,
  ...deviceRoutes,
  ...auditRoutes,
  ...requestLogRoutes,
  ...roleRoutes,
]

/** Every endpoint of the server, one file a resource. */
export const routes: readonly Route[] = [...resources, ...openApiRoutes(resources)]
