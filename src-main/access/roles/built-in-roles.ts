/** A role as the console lists it. */
export interface Role {
  readonly roleId: string
  readonly label: string
  /** Words as src-main/access/roles/permissions.ts reads them. */
  readonly permissions: readonly string[]
  /** Cannot be changed or removed. */
  readonly isBuiltIn: boolean
}

function builtIn(roleId: string, label: string, permissions: readonly string[]): Role {
  return { roleId, label, permissions, isBuiltIn: true }
}

/** What every branch starts with; a policy file narrows them further by row and field rules. */
export const BUILT_IN_ROLES: readonly Role[] = [
  builtIn('admin', 'Administrator', ['*']),
  builtIn('manager', 'Manager', ['read:*', 'write:*', 'manage:*']),
  builtIn('cashier', 'Cashier', ['read:*', 'write:*']),
  builtIn('kitchen', 'Kitchen', [
    'read:*',
    'write:job_orders',
    'write:expo_pass_ticket',
    'update:order_header',
    'update:order_line',
    'insert:order_line_status_log',
    'insert:order_status_log',
  ]),
  builtIn('waiter', 'Waiter', [
    'read:*',
    'write:orders',
    'write:job_orders',
    // An order for several sections gets a ticket at the pass when it is sent.
    'write:expo_pass_ticket',
    'write:reservations',
    'write:table_lock',
  ]),
  builtIn('display', 'Display', ['read:*']),
  builtIn('integration', 'Integration', ['read:*', 'write:*', 'manage:metrics']),
]
