/** What an operator is handed: it parses, names what exists, and shows what is really counted. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { VARIABLES } from '../src/environment.ts'
import { createMetrics } from '../src/server/metrics.ts'
import { serveProtected } from './server/protected.ts'
import { stillFacade } from './support/facade.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const read = (path: string): string => readFileSync(`${ROOT}${path}`, 'utf8')
const KNOWN = new Set(Object.values(VARIABLES).map(({ name }) => name as string))

/** Every series of a server with all its parts: name, its labels, and its type. */
async function families(): Promise<ReadonlyMap<string, string>> {
  const served = await serveProtected()
  const { counters, lag } = served.protection
  const all = createMetrics({
    facade: stillFacade(),
    counters,
    lag,
    sockets: () => 0,
    delivery: null,
    sources: () => ({ KRAKEN: { requests: 1, errors: 1, byReason: { UNAVAILABLE: 1 } } }),
    spans: { sent: 0, dropped: 0 },
  })
  const text = (await (await served.at('/metrics')).text()) + (await all.text())
  await served.stop()
  return new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]))
}

const metricsIn = (text: string): ReadonlySet<string> =>
  new Set([...text.matchAll(/\bfacade_\w+/g)].map(([name]) => name))

describe('the names in /metrics', () => {
  it('say what they are: totals are counters, and nothing else is called a total', async () => {
    for (const [name, type] of await families())
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter'])
  })

  it.each(['ops/grafana/dashboards/facade.json', 'docs/operations.md'])('are those of %s', async (path) => {
    const named = metricsIn(read(path))
    expect(named.size).toBeGreaterThan(5)
    const there = await families()
    expect([...named].filter((name) => !there.has(name))).toEqual([])
  })

  it('all have a place on the dashboard where something can go wrong with them', () => {
    const shown = metricsIn(read('ops/grafana/dashboards/facade.json'))
    for (const name of [
      'facade_source_up',
      'facade_source_circuit_open',
      'facade_source_quota_remaining',
      'facade_stream_gaps_total',
      'facade_slow_consumers_total',
      'facade_event_loop_late_seconds',
      'facade_refusals_total',
    ]) {
      expect(shown).toContain(name)
    }
  })
})

describe('the files of ops/', () => {
  const files = readdirSync(`${ROOT}ops`, { recursive: true, encoding: 'utf8' })
  it.each(files.filter((file) => /\.ya?ml$/.test(file)))('%s is YAML', (file) => {
    expect(parse(read(`ops/${file}`))).toBeTypeOf('object')
  })

  it('agree on the data source the dashboard asks', () => {
    const { datasources } = parse(read('ops/grafana/provisioning/datasources/prometheus.yaml')) as {
      datasources: { uid: string }[]
    }
    const asked = new Set(
      [...read('ops/grafana/dashboards/facade.json').matchAll(/"uid": "(\w+)"/g)].map(([, uid]) => uid),
    )
    expect(asked).toEqual(new Set(['facade', datasources[0]?.uid]))
  })
})

describe('compose.yaml', () => {
  interface Service {
    readonly environment?: Readonly<Record<string, string>>
    readonly volumes?: readonly string[]
    readonly depends_on?: readonly string[]
    readonly build?: string
  }
  const { services } = parse(read('compose.yaml')) as { services: Readonly<Record<string, Service>> }

  it('mounts what exists and depends on what is there', () => {
    for (const { volumes = [], depends_on: needed = [], build } of Object.values(services)) {
      for (const volume of volumes) expect(existsSync(`${ROOT}${volume.split(':')[0]}`)).toBe(true)
      for (const name of needed) expect(services).toHaveProperty(name)
      if (build !== undefined) expect(existsSync(`${ROOT}${build}/Dockerfile`)).toBe(true)
    }
    expect(read('ops/prometheus.yml')).toContain('api:4000')
    expect(read('ops/grafana/provisioning/datasources/prometheus.yaml')).toContain('http://prometheus:')
  })

  it('sets variables there are', () => {
    for (const name of Object.keys(services['api']?.environment ?? {})) expect(KNOWN).toContain(name)
  })
})

it('the Dockerfile copies what exists and sets variables there are', () => {
  const text = read('Dockerfile')
  for (const [, names = ''] of text.matchAll(/^COPY (?!--from)(.+) \S+$/gm))
    for (const name of names.split(' ')) expect(existsSync(`${ROOT}${name}`)).toBe(true)
  for (const [, settings = ''] of text.matchAll(/^ENV (.+)$/gm))
    for (const setting of settings.split(' ')) expect(KNOWN).toContain(setting.split('=')[0])
})
