import { registerHooks } from 'node:module'

/** Preloaded with --import: puts the small server of the tests in the place of the branch server, in every thread. */
registerHooks({
  resolve: (specifier, context, next) => {
    const isServer = specifier.endsWith('/server/branch-server.ts')
    return isServer ? next(new URL('./branch-server.ts', import.meta.url).href, context) : next(specifier, context)
  },
})
