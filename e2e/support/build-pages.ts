import { buildPages } from '../../scripts/bundle.ts'

/** What the server gives to browsers (console, SDK, apps) is built from the sources of this moment. */
async function buildAll(): Promise<void> {
  const failures = await buildPages()
  if (failures.length > 0) throw new AggregateError(failures, failures.map(({ message }) => message).join('\n'))
}

// biome-ignore lint/style/noDefaultExport: Playwright takes the default export
export default buildAll
