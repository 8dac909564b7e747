import { buildPages, bundleStaleMain } from '../../scripts/bundle.ts'

/** The server, and what it gives to browsers (console, SDK, apps), are built from the sources of this moment. */
async function buildAll(): Promise<void> {
  await bundleStaleMain()
  const failures = await buildPages()
  if (failures.length > 0) throw new AggregateError(failures, failures.map(({ message }) => message).join('\n'))
}

// biome-ignore lint/style/noDefaultExport: Playwright takes the default export
export default buildAll
