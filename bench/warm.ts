/** Row: one query for a hundred prices with all their evidence, answered from the cache, over HTTP. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LoadedConfig } from '../src/config.ts'
import { startSimulation } from '../src/sim/simulation.ts'
import { realClock } from '../test/support/real-clock.ts'
import { startRedis } from '../test/support/redis.ts'
import { economy } from './economy.ts'
import { atLeast } from './support/report.ts'
import type { Mode, Report } from './support/report.ts'
import { interleaveAll, request } from './support/run.ts'
import type { Contender, Reading } from './support/run.ts'
import { warmConfig } from './warm-config.ts'

const SYMBOLS = Array.from({ length: 100 }, (_, at) => `W${String(at).padStart(2, '0')}-USD`)

export const EVIDENCE = `query Evidence($symbols: [Symbol!]!) {
  markets(symbols: $symbols) {
    symbol
    price {
      value
      attribution { confidence tier observedAt cache { status } }
      reconciliation {
        verdict
        used { source value deviationPercent }
        dropped { source reason }
      }
    }
  }
}`

export const evidenceOf = (symbols: readonly string[]): string =>
  JSON.stringify({ query: EVIDENCE, variables: { symbols } })

export async function warm({ runs, isQuick }: Mode): Promise<readonly Report[]> {
  const simulation = await startSimulation({ seed: 3, symbols: SYMBOLS, now: realClock.now })
  const folder = mkdtempSync(join(tmpdir(), 'warm-'))
  const redis = await startRedis()
  try {
    const file = join(folder, 'answer.json')
    writeFileSync(file, await answerOf(warmConfig(SYMBOLS, simulation, null)))
    const load = { body: evidenceOf(SYMBOLS), ms: isQuick ? 1_500 : 4_000 }
    const reports: Report[] = [...(await economy())]
    for (const url of [null, redis.url]) {
      const contenders = contendersOf(warmConfig(SYMBOLS, simulation, url), file, url)
      const readings = await interleaveAll(contenders, (each) => request(each, load), runs)
      reports.push(reportOf(readings, url !== null))
    }
    return reports
  } finally {
    await redis.stop()
    await simulation.close()
    rmSync(folder, { recursive: true })
  }
}

async function answerOf(config: LoadedConfig): Promise<string> {
  const { createLogger, startApp } = await import('../src/app.ts')
  const app = await startApp(config, createLogger('silent'))
  await app.facade.settled()
  let text = ''
  // Twice: the first makes the entries, the second finds them.
  for (let time = 0; time < 2; time++) {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(app.url, { method: 'POST', headers, body: evidenceOf(SYMBOLS) })
    text = await response.text()
  }
  await app.close()
  if (text.includes('"errors"')) throw new Error(text.slice(0, 500))
  return text
}

const contendersOf = (config: LoadedConfig, answer: string, redis: string | null): readonly Contender[] => {
  const peer = (name: string, kind: string): Contender => ({
    name,
    script: 'peers/warm.mjs',
    env: { BENCH_PEER: kind, BENCH_ANSWER: answer, ...(redis === null ? {} : { BENCH_REDIS: redis }) },
  })
  const env = { BENCH_CONFIG: JSON.stringify(config) }
  const shared = [
    { name: 'ours', script: 'servers/warm.ts', env },
    peer('plain Yoga + DataLoader', 'yoga'),
    peer('mercurius with its JIT', 'mercurius'),
  ]
  return redis === null
    ? [...shared, peer('Yoga + response cache', 'cache'), peer('limit: `node:http`, prepared bytes', 'bytes')]
    : shared
}

function reportOf(readings: ReadonlyMap<string, Reading>, isRedis: boolean): Report {
  const [ours, ...peers] = [...readings].map(([name, reading]) => ({ name, ...reading }))
  const ratio = (name: string): number =>
    (ours?.perSecond ?? NaN) / (peers.find((peer) => peer.name.startsWith(name))?.perSecond ?? NaN)
  return {
    title: `Warm query: 100 prices with evidence, ${isRedis ? 'Redis' : 'memory'}, HTTP`,
    unit: 'answers/s',
    figures: [...readings].map(([name, { perSecond, bytesPerSecond, cpuMicrosPerMessage, p99 }]) => ({
      name,
      value: perSecond,
      also: {
        'server CPU µs/answer': cpuMicrosPerMessage.toFixed(0),
        'p99 ms, 16 in flight': p99?.toFixed(1) ?? '',
        'KB/answer': (bytesPerSecond / perSecond / 1000).toFixed(0),
      },
    })),
    goals: isRedis
      ? [
          atLeast('ours ÷ plain Yoga on Redis', ratio('plain Yoga'), 8),
          atLeast('stretch: the same', ratio('plain Yoga'), 25),
        ]
      : [
          atLeast('ours ÷ plain Yoga', ratio('plain Yoga'), 5),
          atLeast('ours ÷ mercurius with its JIT', ratio('mercurius'), 1),
          atLeast('stretch: ours ÷ plain Yoga', ratio('plain Yoga'), 12),
        ],
  }
}
