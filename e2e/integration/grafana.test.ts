import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ERRORS } from '../../src-shared/errors.ts'
import { startTestServer } from '../support/server.ts'

/** The dashboard and the alert rules that come with the server ask for figures that it really gives. */

const folder = join(import.meta.dirname, '../../resources/grafana')
const dashboardText = readFileSync(join(folder, 'branch-server-dashboard.json'), 'utf8')
const alerts = readFileSync(join(folder, 'branch-server-alerts.yml'), 'utf8')

/** Names of the series that a text of /metrics can hold, those of histograms included. */
function seriesOf(metrics: string): Set<string> {
  const names = new Set<string>()
  for (const [, name = '', kind] of metrics.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    names.add(name)
    if (kind === 'histogram' || kind === 'summary') for (const end of ['sum', 'count']) names.add(`${name}_${end}`)
    if (kind === 'histogram') names.add(`${name}_bucket`)
  }
  return names
}

test('every figure of the dashboard and of the alerts is in /metrics', async () => {
  const server = await startTestServer()
  try {
    const given = seriesOf(await (await fetch(`${server.url}/metrics`)).text())
    for (const text of [dashboardText, alerts]) {
      const asked = [...new Set([...text.matchAll(/\bmishkah_[a-z_]+/g)].map(([name]) => name))]
      expect(asked.length).toBeGreaterThan(5)
      expect(asked.filter((name) => !given.has(name))).toEqual([])
    }
  } finally {
    await server.stop()
  }
})

test('alerts name error codes of the catalogue, and each panel of the dashboard asks something', () => {
  const codes = [...alerts.matchAll(/code=~?"([^"]+)"/g)].flatMap(([, list = '']) => list.split('|'))
  expect(codes.length).toBeGreaterThan(2)
  expect(codes.filter((code) => !(code in ERRORS))).toEqual([])
  const dashboard = JSON.parse(dashboardText) as {
    panels: { id: number; type: string; targets?: { expr: string }[] }[]
  }
  const panels = dashboard.panels.filter(({ type }) => type !== 'row')
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
  expect(panels.filter(({ targets }) => !targets?.every(({ expr }) => expr.length > 0))).toEqual([])
})
