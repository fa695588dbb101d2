/** R47: two processes side by side on one Redis. Either one answers for the other, and outlives it. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { startSimulation } from '../../src/sim/simulation.ts'
import type { Simulation } from '../../src/sim/simulation.ts'
import { until } from '../support/house.ts'
import { realClock } from '../support/real-clock.ts'
import { startRedis } from '../support/redis.ts'
import type { RedisServer } from '../support/redis.ts'

let redis: RedisServer
let simulation: Simulation
let directory: string
const children: ChildProcess[] = []
let running: readonly { readonly child: ChildProcess; readonly url: string }[] = []

beforeAll(async () => {
  redis = await startRedis()
  simulation = await startSimulation({ seed: 7, symbols: loadConfig({}).symbols, now: realClock.now })
  directory = mkdtempSync(join(tmpdir(), 'two-'))
  cpSync('config', directory, { recursive: true })
  const path = join(directory, 'data_sources.yaml')
  const rows = Object.entries(simulation.endpoints).map(([id, urls]) => `  ${id}: ${JSON.stringify(urls)}\n`)
  const text = readFileSync(path, 'utf8').replace(/^sources:\n(  .*\n)+/m, `sources:\n${rows.join('')}`)
  writeFileSync(path, text)
  running = await Promise.all([start(), start()])
}, 60_000)

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await simulation.close()
  await redis.stop()
  rmSync(directory, { recursive: true })
})

async function start() {
  const child = spawn(process.execPath, ['src/main.ts', 'serve'], {
    env: { ...process.env, PORT: '0', LOG_LEVEL: 'silent', REDIS_URL: redis.url, CONFIG_DIR: directory },
  })
  children.push(child)
  let said = ''
  child.stdout.on('data', (text) => (said += String(text)))
  child.stderr.on('data', (text) => (said += String(text)))
  await until(() => said.includes('ready at'), 'a URL')
  return { child, url: /ready at (\S+)/.exec(said)?.[1] ?? '' }
}

/** A price that nobody streams, and the record it was read from. */
async function ask({ url }: { url: string }) {
  const query =
    '{ market(symbol: "ADA-USD") { price { value attribution { cache { cachedAt } snapshot { id takenAt } } } } }'
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  })
  const { data } = (await response.json()) as {
    data: { market: { price: { value: string | null; attribution: { snapshot: { id: string } } } } }
  }
  return data.market.price
}

it('they give the same answer from the same record, and the one left gives it when the other is killed', async () => {
  const [first, second] = running as [(typeof running)[0], (typeof running)[0]]
  await expect.poll(async () => (await ask(first)).value, { timeout: 20_000 }).not.toBeNull()
  const said = await ask(first)
  expect(await ask(second)).toEqual(said)
  first.child.kill('SIGKILL')
  await once(first.child, 'exit')
  expect(await ask(second)).toEqual(said)
  const response = await fetch(second.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: `{ snapshot(id: "${said.attribution.snapshot.id}") { id } }` }),
  })
  expect(await response.json()).toEqual({ data: { snapshot: { id: said.attribution.snapshot.id } } })
}, 60_000)
