/** The command line as a person at a terminal meets it: what is printed, what is served, and the exit codes. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { SOURCE_NAMES } from '../src/domain/market.ts'
import { startSimulation } from '../src/sim/simulation.ts'
import type { SimEndpoints } from '../src/sim/simulation.ts'
import { until } from './support/house.ts'
import { realClock } from './support/real-clock.ts'
import { freePort, startRedis } from './support/redis.ts'
import { allNamed } from './support/selection.ts'

const scratch = mkdtempSync(join(tmpdir(), 'main-'))
const running = new Set<ChildProcess>()
afterEach(() => {
  for (const child of running) child.kill('SIGKILL')
  running.clear()
})
afterAll(() => rmSync(scratch, { recursive: true }))

interface Started {
  readonly child: ChildProcess
  readonly exit: Promise<number | null>
  /** Everything written so far. */
  out(): string
  errors(): string
}

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Started {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== 'REDIS_URL'))
  const child = spawn(process.execPath, ['src/main.ts', ...args], {
    env: { ...clean, PORT: '0', LOG_LEVEL: 'error', ...env },
  })
  running.add(child)
  const said = { out: '', errors: '' }
  child.stdout.on('data', (text) => (said.out += String(text)))
  child.stderr.on('data', (text) => (said.errors += String(text)))
  const exit = once(child, 'close').then(([code]) => code as number | null)
  return { child, exit, out: () => said.out, errors: () => said.errors }
}

async function end(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { exit, out, errors } = start(args, env)
  const code = await exit
  return { code, out: out(), errors: errors() }
}

async function urlOf({ out, errors }: Started): Promise<string> {
  const found = () => /ready at (http:\S+)/.exec(out())?.[1]
  await until(() => found() !== undefined || errors().includes('Error'), `a URL in: ${out()} ${errors()}`)
  return found() ?? errors()
}

async function ask(url: string, query: string, variables: object = {}): Promise<Record<string, unknown>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  })
  return (await response.json()) as Record<string, unknown>
}

/** The shipped configuration with sources at these addresses, in a folder of its own. */
function configAt(endpoints: Readonly<Record<string, SimEndpoints>>): string {
  const directory = mkdtempSync(join(scratch, 'config-'))
  cpSync('config', directory, { recursive: true })
  const path = join(directory, 'data_sources.yaml')
  const text = readFileSync(path, 'utf8')
  const rows = Object.entries(endpoints).map(([id, urls]) => `  ${id}: ${JSON.stringify(urls)}`)
  writeFileSync(path, text.replace(/^sources:\n(  .*\n)+/m, `sources:\n${rows.join('\n')}\n`))
  return directory
}

describe('demo', () => {
  it('prints its URL, says SIMULATED, and a curl line that works', async () => {
    const demo = start(['demo'], { LOG_LEVEL: 'warn' })
    const url = await urlOf(demo)
    await until(() => demo.out().includes('curl'), 'the curl line')
    expect(demo.out()).toContain('SIMULATED')
    expect(demo.errors()).toContain('SIMULATED')
    const [, target = '', type = '', body = ''] =
      /curl -s (\S+) -H '([^']+)' \\\s+-d '([^']+)'/.exec(demo.out()) ?? []
    expect(target).toBe(url)
    const [name = '', value = ''] = type.split(': ')
    const response = await fetch(target, { method: 'POST', headers: { [name]: value }, body })
    expect(await response.json()).toEqual({
      data: {
        market: {
          price: {
            value: expect.stringMatching(/^\d+(\.\d+)?$/),
            attribution: { text: expect.stringContaining('Median of') },
          },
        },
      },
    })
    demo.child.kill('SIGTERM')
    expect(await demo.exit).toBe(0)
  })
})

describe('serve', () => {
  it('with nobody to reach starts all the same, says whom it misses, and serves health', async () => {
    const port = await freePort()
    const at = (scheme: string) => `${scheme}://127.0.0.1:${port}`
    const nobody = { rest_url: at('http'), ws_url: at('ws') }
    const sources = { binance: nobody, okx: nobody, coinbase: nobody, kraken: nobody }
    const aggregators = { coingecko: { rest_url: at('http') }, coinpaprika: { rest_url: at('http') } }
    const serving = start(['serve'], { CONFIG_DIR: configAt({ ...sources, ...aggregators }) })
    const url = await urlOf(serving)
    await until(() => serving.out().split('\n').length > 5, 'who cannot be reached')
    for (const venue of ['BINANCE', 'OKX', 'COINBASE', 'KRAKEN'] as const) {
      expect(serving.out()).toMatch(new RegExp(`^${SOURCE_NAMES[venue]}: \\S`, 'm'))
    }
    const { data, errors } = await ask(url, '{ health { status sources { source status reason } } }')
    expect(errors).toBeUndefined()
    expect(data).toMatchObject({ health: { status: expect.stringMatching(/DOWN|DEGRADED/) } })
    const refused = await ask(url, '{ market(symbol: "BTC-USD") { symbol price { value } } }')
    expect(refused['data']).toEqual({ market: { symbol: 'BTC-USD', price: null } })
    expect(refused['errors']).toMatchObject([{ extensions: { code: 'SOURCE_UNAVAILABLE' } }])
    expect((await fetch(url.replace('/graphql', '/healthz'))).status).toBe(200)
    expect((await fetch(url.replace('/graphql', '/readyz'))).status).toBe(503)
  })

  it('ends with one line when its port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    const { code, errors } = await end(['serve'], { PORT: String(port), LOG_LEVEL: 'silent' })
    other.close()
    expect(code).toBe(1)
    expect(errors.trim().split('\n')).toHaveLength(1)
    expect(errors).toContain(String(port))
  })
})

describe('what cannot be meant', () => {
  const MISTAKES = [
    [],
    ['fly'],
    ['verify'],
    ['replay'],
    ['replay', 'recordings', '--speed', 'fast'],
    ['record', '--venues', 'mtgox'],
    ['record', '--minutes', '-1'],
    ['record', '--color', 'red'],
  ]

  it('is answered with the usage, and exit code 2', async () => {
    await Promise.all(
      MISTAKES.map(async (args) => {
        const { code, errors, out } = await end(args)
        expect({ args, code, out }).toEqual({ args, code: 2, out: '' })
        expect(errors).toContain('usage:')
      }),
    )
  })
})

describe('verify', () => {
  it('re-hashes and recalculates a record: from a file, and from the store by its id', async () => {
    const redis = await startRedis()
    try {
      const env = { REDIS_URL: redis.url }
      const demo = start(['demo'], env)
      const url = await urlOf(demo)
      const priced = await ask(
        url,
        '{ market(symbol: "BTC-USD") { price { attribution { snapshot { id } } } } }',
      )
      const id = String(allNamed(priced, 'snapshot')[0]?.['id'])
      const record = await ask(url, 'query ($id: ID!) { snapshot(id: $id) { id body } }', { id })
      const file = join(scratch, 'record.json')
      writeFileSync(file, JSON.stringify(record))
      const spoiled = join(scratch, 'spoiled.json')
      writeFileSync(
        spoiled,
        JSON.stringify(record).replace(
          /(value\\":\\"\d)(\d)/,
          (_, before, digit) => `${before}${(Number(digit) + 1) % 10}`,
        ),
      )

      const charted = await ask(
        url,
        '{ klines(symbol: "BTC-USD", interval: H1, last: 100) { attribution { snapshot { id } } } }',
      )
      const chart = String(allNamed(charted, 'snapshot')[0]?.['id'])
      const series = join(scratch, 'series.json')
      writeFileSync(
        series,
        JSON.stringify(await ask(url, 'query ($id: ID!) { snapshot(id: $id) { id body } }', { id: chart })),
      )

      const says = (start: string) => expect.stringMatching(new RegExp(`^${start} `))
      const verdicts = [
        { args: [file], env: {}, code: 0, said: { out: says('ok') } },
        { args: [id], env, code: 0, said: { out: says('ok') } },
        // A chart's settled stretches are records of their own: found in the store, named where there is none.
        { args: [chart], env, code: 0, said: { out: expect.stringMatching(/^ok .*same bytes\n$/) } },
        { args: [series], env: {}, code: 0, said: { out: expect.stringContaining('rests on') } },
        { args: [spoiled], env: {}, code: 1, said: { out: says('failed') } },
        { args: ['f'.repeat(64)], env, code: 1, said: { out: says('failed') } },
        { args: [id], env: {}, code: 1, said: { errors: expect.stringContaining('REDIS_URL') } },
        { args: [join(scratch, 'no-such-file')], env: {}, code: 1, said: { out: says('failed') } },
      ]
      await Promise.all(
        verdicts.map(async ({ args, env: given, code, said }) => {
          expect(await end(['verify', ...args], given)).toMatchObject({ code, ...said })
        }),
      )
    } finally {
      await redis.stop()
    }
  })
})

describe('record and replay', () => {
  it('what was recorded from the sources is served again', async () => {
    const simulation = await startSimulation({
      seed: 5,
      symbols: ['BTC-USD', 'BTC-USDT'],
      now: realClock.now,
      tradesPerSecond: 20,
    })
    const directory = join(scratch, 'recorded')
    const options = [
      '--venues',
      'kraken,binance',
      '--symbols',
      'BTC-USD,BTC-USDT',
      '--minutes',
      '0.06',
      '--out',
      directory,
    ]
    const recorded = await end(['record', ...options], { CONFIG_DIR: configAt(simulation.endpoints) })
    await simulation.close()
    expect(recorded).toMatchObject({ code: 0, errors: '' })
    expect(recorded.out).toMatch(/kraken.*records/)

    const replaying = start(['replay', directory, '--speed', '10'])
    const url = await urlOf(replaying)
    const book = () => ask(url, '{ book(symbol: "BTC-USD", venue: KRAKEN, depth: 1) { state } }')
    await expect.poll(book, { timeout: 10_000 }).toEqual({ data: { book: { state: 'LIVE' } } })
    await until(() => replaying.out().includes('Played'), 'the end of the recording')
    replaying.child.kill('SIGINT')
    expect(await replaying.exit).toBe(0)
  })
})
