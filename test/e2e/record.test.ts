/** The commands a person types: `record` beside venues, and `replay` of what it wrote, as processes of their own. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { startSimulation } from '../../src/sim/simulation.ts'
import { realClock } from '../support/real-clock.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const home = mkdtempSync(join(tmpdir(), 'recorded-'))
const children: ChildProcess[] = []
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(home, { recursive: true })
})

/** Runs `main.ts` and resolves with what it said once `isEnough`, or once it ended. */
function command(
  args: readonly string[],
  isEnough: (said: string) => boolean = () => false,
): Promise<string> {
  const child = spawn(process.execPath, [join(root, 'src/main.ts'), ...args], {
    cwd: home,
    env: { ...process.env, CONFIG_DIR: join(home, 'config'), LOG_LEVEL: 'silent', PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  let said = ''
  return new Promise((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (isEnough(said)) resolve(said)
    })
    child.on('close', () => resolve(said))
  })
}

it('what is recorded from the venues is served again, book and trades of each', async () => {
  const sim = await startSimulation({
    seed: 5,
    symbols: ['BTC-USDT'],
    tradesPerSecond: 10,
    now: realClock.now,
  })
  cpSync(join(root, 'config'), join(home, 'config'), { recursive: true })
  const file = join(home, 'config/data_sources.yaml')
  const settings = parse(readFileSync(file, 'utf8')) as {
    sources: Record<string, object>
    symbols: string[]
    hot: object
  }
  for (const [source, endpoints] of Object.entries(sim.endpoints)) {
    settings.sources[source] = { ...settings.sources[source], ...endpoints }
  }
  writeFileSync(
    file,
    stringify({ ...settings, symbols: ['BTC-USDT', 'USDT-USD'], hot: { symbols: ['BTC-USDT'] } }),
  )

  const recorded = await command([
    'record',
    '--minutes',
    '0.05',
    '--symbols',
    'BTC-USDT',
    '--out',
    join(home, 'out'),
  ])
  await sim.close()
  expect(recorded).not.toContain('missing')
  for (const venue of ['binance', 'okx', 'coinbase', 'kraken']) {
    expect(recorded).toMatch(new RegExp(`${venue}/ws/\\S+: \\d+ records`))
  }

  const played = await command(['replay', join(home, 'out'), '--speed', '1'], (said) =>
    said.includes('ready at'),
  )
  const url = /ready at (\S+)/.exec(played)?.[1] ?? ''
  const ask = async (query: string) => {
    const body = JSON.stringify({ query })
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    return (await response.json()) as { data?: Record<string, { state: string; bids: unknown[] } | null> }
  }
  const fields = ['BINANCE', 'OKX', 'COINBASE', 'KRAKEN'].map(
    (venue) => `${venue}: book(symbol: "BTC-USDT", venue: ${venue}, depth: 5) { state bids { price } }`,
  )
  const live = new Set<string>()
  for (let look = 0; look < 200 && live.size < fields.length; look += 1) {
    const { data } = await ask(`{ ${fields.join(' ')} }`)
    for (const [venue, book] of Object.entries(data ?? {})) {
      if (book?.state === 'LIVE' && book.bids.length === 5) live.add(venue)
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  expect([...live].toSorted()).toEqual(['BINANCE', 'COINBASE', 'KRAKEN', 'OKX'])
}, 60_000)
