import { APP_NAMES } from '../src-main/config/paths.ts'
import { buildApp } from './bundle.ts'

/** `npm run build:apps`: the apps for tablets into dist/apps; with names (`-- pos`) only those. */
const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !APP_NAMES.some((known) => known === name))
if (unknown.length > 0) {
  console.error(`There is no app ${unknown.join(', ')}; there are ${APP_NAMES.join(', ')}.`)
  process.exit(2)
}
for (const name of APP_NAMES) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const isBuilt = await buildApp(name)
  console.log(isBuilt ? `dist/apps/${name}` : `${name} has no page yet`)
}
