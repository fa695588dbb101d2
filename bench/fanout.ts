/** Rows: books to many graphql-ws readers, ours beside its peers and the limits. */
import { DOCUMENT, variablesOf } from './support/event.mjs'
import { atLeast, ratioText } from './support/report.ts'
import type { Goal, Mode, Report } from './support/report.ts'
import { interleaved } from './support/run.ts'
import type { Contender, Load, Reading } from './support/run.ts'

const OURS: Contender = { name: 'ours', script: 'servers/ours.ts' }
const YOGA: Contender = { name: 'plain Yoga', script: 'peers/yoga.mjs' }
const LIMIT_A: Contender = {
  name: 'limit A: `ws.send` of one prepared string',
  script: 'peers/limit.mjs',
  env: { BENCH_LIMIT: 'send' },
}
const LIMIT_B: Contender = {
  name: 'limit B: one prepared frame to each socket',
  script: 'peers/limit.mjs',
  env: { BENCH_LIMIT: 'frame' },
}
const ALL: readonly Contender[] = [
  OURS,
  YOGA,
  { name: 'mercurius', script: 'peers/mercurius.mjs' },
  { name: 'graphql-js + graphql-ws', script: 'peers/graphqljs.mjs' },
  { name: 'graphql-jit + graphql-ws', script: 'peers/graphqljs.mjs', env: { BENCH_JIT: '1' } },
  LIMIT_A,
  LIMIT_B,
]

export async function fanout({ runs, isQuick }: Mode): Promise<readonly Report[]> {
  const reports: Report[] = []
  for (const sockets of isQuick ? [1_000] : [100, 1_000, 5_000]) {
    const load: Load = {
      sockets,
      symbols: ['BTC-USD'],
      payloads: [{ query: DOCUMENT, variables: variablesOf('BTC-USD') }],
      ms: isQuick ? 2_000 : 4_000,
    }
    const readings = await interleaved(ALL, load, runs)
    reports.push(
      reportOf(
        `Fan-out: one book (20 levels a side) to ${sockets.toLocaleString('en-US')} readers`,
        readings,
        [
          atLeast('ours ÷ limit A', ratio(readings, LIMIT_A), 1),
          atLeast('ours ÷ plain Yoga', ratio(readings, YOGA), 13),
          atLeast('stretch: ours ÷ limit B', ratio(readings, LIMIT_B), 0.9),
        ],
      ),
    )
  }
  return reports
}

export async function topics({ runs, isQuick }: Mode): Promise<readonly Report[]> {
  const symbols = Array.from({ length: 20 }, (_, at) => `C${at}-USD`)
  const load: Load = {
    sockets: isQuick ? 300 : 1_000,
    symbols,
    payloads: symbols.map((symbol) => ({ query: DOCUMENT, variables: variablesOf(symbol) })),
    ms: isQuick ? 2_000 : 4_000,
  }
  const readings = await interleaved([OURS, YOGA, LIMIT_A], load, runs)
  return [
    reportOf(`Fan-out: 20 live topics on each of ${load.sockets} sockets`, readings, [
      atLeast('ours ÷ limit A', ratio(readings, LIMIT_A), 2),
      atLeast('stretch: ours ÷ limit A', ratio(readings, LIMIT_A), 4),
    ]),
  ]
}

export async function mixed({ runs, isQuick }: Mode): Promise<readonly Report[]> {
  const symbols = Array.from({ length: 50 }, (_, at) => `C${at}-USD`)
  const load: Load = {
    sockets: 1_000,
    symbols,
    isDealt: true,
    payloads: [
      Array.from({ length: 1_000 }, (_, at) => ({
        query: documentOf(Math.floor(at / symbols.length)),
        variables: variablesOf(symbols[at % symbols.length] ?? ''),
      })),
    ],
    ms: isQuick ? 2_000 : 4_000,
  }
  const readings = await interleaved([OURS, YOGA, LIMIT_A], load, runs)
  return [
    reportOf('Fan-out: 50 symbols × 20 distinct operations × 1,000 readers', readings, [
      atLeast('ours ÷ limit A', ratio(readings, LIMIT_A), 0.7),
      atLeast('stretch: ours ÷ limit A', ratio(readings, LIMIT_A), 0.9),
    ]),
  ]
}

const EXTRAS = ['spreadBps', 'mid', 'spread', 'sequence', 'observedAt', 'venue', 'symbol'] as const

/** Twenty ways to ask for one ladder: other names, other fields, another order, aliases and fragments. */
export function documentOf(n: number): string {
  const extras = EXTRAS.filter((_, at) => ((n * 37) >> at) & 1).join(' ')
  const levels = n % 3 === 0 ? 'price size' : n % 3 === 1 ? '...L' : 'p: price s: size'
  const why =
    n % 2 === 0
      ? 'attribution { authority sources confidence tier text observedAt receivedAt }'
      : 'attribution { text receivedAt }'
  return `subscription Ladder${n}($symbol: Symbol!, $venue: Venue!) {
    book(symbol: $symbol, venue: $venue, depth: 20) {
      state bids { ${levels} } asks { ${levels} } ${extras} ${why}
    }
  } ${n % 3 === 1 ? 'fragment L on Level { price size }' : ''}`
}

type Readings = ReadonlyMap<string, Reading>

const ratio = (readings: Readings, other: Contender): number =>
  (readings.get(OURS.name)?.perSecond ?? NaN) / (readings.get(other.name)?.perSecond ?? NaN)

function reportOf(title: string, readings: Readings, goals: readonly Goal[]): Report {
  return {
    title,
    unit: 'delivered/s',
    figures: [...readings].map(([name, reading]) => ({
      name,
      value: reading.perSecond,
      also: {
        'server CPU µs/message': reading.cpuMicrosPerMessage.toFixed(1),
        'its CPU ÷ ours': ratioText(
          reading.cpuMicrosPerMessage / (readings.get(OURS.name)?.cpuMicrosPerMessage ?? NaN),
        ),
        'MB/s': (reading.bytesPerSecond / 1e6).toFixed(0),
      },
    })),
    goals,
  }
}
