/** Rows that need no contest of servers, or only a glance at one: told as reports like the others. */
import { benchBook } from './book.ts'
import { decodeRates } from './decode.ts'
import { measureReconcile } from './reconcile.ts'
import { asMarkdown, resilience } from './resilience.ts'
import { robustness } from './robustness.ts'
import { frames, sizes } from './size.ts'
import { DOCUMENT, variablesOf } from './support/event.mjs'
import { atLeast, atMost } from './support/report.ts'
import type { Mode, Report } from './support/report.ts'
import { contest, rssBytes, withServer } from './support/run.ts'
import type { Contender, Load } from './support/run.ts'

/** Frames through decode and validation; the book's part is the `book` row. */
export async function decode(): Promise<readonly Report[]> {
  return decodeRates().map(({ name, isCaptured, decodedPerSecond, parsedPerSecond, ratio }) => ({
    title: `Decode: ${name} frames decoded and validated (${isCaptured ? 'captured' : 'made'})`,
    unit: 'frames/s',
    figures: [
      { name: 'ours', value: decodedPerSecond },
      { name: 'limit: `JSON.parse` alone', value: parsedPerSecond },
    ],
    goals: [atLeast('ours ÷ `JSON.parse`', ratio, 0.6), atLeast('stretch: the same', ratio, 0.8)],
  }))
}

export async function book(): Promise<readonly Report[]> {
  const { bookPeers } = await import('./peers/books.ts')
  const rows = benchBook(await bookPeers())
  return [1_000, 10_000].map((levels) => {
    const of = rows.filter((row) => row.levels === levels)
    const ratio = (name: string): number =>
      (of[0]?.changesPerSecond ?? NaN) /
      (of.find(({ contender }) => contender.startsWith(name))?.changesPerSecond ?? NaN)
    return {
      title: `Book of ${levels.toLocaleString('en-US')} levels a side`,
      unit: 'changes/s',
      figures: of.map(({ contender, changesPerSecond, topMicroseconds }) => ({
        name: contender,
        value: changesPerSecond,
        also: { 'top 20, µs': topMicroseconds.toFixed(2) },
      })),
      goals:
        levels === 10_000
          ? [atLeast('ours ÷ tardis-dev', ratio('tardis'), 3), atLeast('ours ÷ ccxt', ratio('ccxt'), 30)]
          : [],
    }
  })
}

export async function reconcile(): Promise<readonly Report[]> {
  const { oursMs, plainMs, sortMs } = measureReconcile()
  return [
    {
      title: 'Reconcile 1,000 symbols × 6 sources, full evidence',
      unit: 'ms',
      isLowBetter: true,
      figures: [
        { name: 'ours', value: oursMs },
        { name: 'the same rules in plain BigInt, values only', value: plainMs },
        { name: 'limit: sorting six floats', value: sortMs },
      ],
      goals: [atMost('milliseconds', oursMs, 5), atMost('stretch: milliseconds', oursMs, 2)],
    },
  ]
}

const SERVERS: readonly Contender[] = [
  { name: 'ours', script: 'servers/ours.ts' },
  { name: 'plain Yoga', script: 'peers/yoga.mjs' },
  { name: 'limit: bare ws', script: 'peers/limit.mjs', env: { BENCH_LIMIT: 'send' } },
]
const IDLE = 5_000
/** The young generation is some hundred megabytes however few readers there are: kept small, it does not blur the rest. */
const SMALL = { NODE_OPTIONS: '--max-semi-space-size=1' }

/** What an idle reader with one subscription costs its server: resident memory with it, less without. */
export async function memory(): Promise<readonly Report[]> {
  const figures: { name: string; value: number }[] = []
  for (const each of SERVERS) {
    const server = { ...each, env: { ...each.env, ...SMALL } }
    const none = await withServer(server, QUIET, async ({ pid }) => {
      await new Promise((resolve) => setTimeout(resolve, 3_000))
      return rssBytes(pid)
    })
    const { rssBytes: many } = await contest(server, { ...load(IDLE), rate: 0.001 })
    figures.push({ name: server.name, value: (many - none) / IDLE / 1024 })
  }
  const [ours, , bare] = figures
  return [
    {
      title: `Memory of an idle reader, ${IDLE.toLocaleString('en-US')} of them with one subscription each`,
      unit: 'KB of resident memory',
      isLowBetter: true,
      figures,
      goals: [
        atMost('ours ÷ bare ws', (ours?.value ?? NaN) / (bare?.value ?? NaN), 1.3),
        atMost('KB', ours?.value ?? NaN, 30),
      ],
    },
    ...(await sizes()),
  ]
}

const QUIET = { BENCH_SYMBOLS: '["BTC-USD"]', BENCH_RATE: '0.001' }

const load = (sockets: number): Load => ({
  sockets,
  symbols: ['BTC-USD'],
  payloads: [{ query: DOCUMENT, variables: variablesOf('BTC-USD') }],
  ms: 2_500,
})

/** CPU of one delivery against the number of readers: what is executed once must not grow with them. */
export async function growth({ isQuick }: Mode): Promise<readonly Report[]> {
  const figures: { name: string; value: number; also: Record<string, string> }[] = []
  for (const sockets of isQuick ? [10, 1_000] : [1, 10, 100, 1_000, 5_000]) {
    const { cpuMicrosPerMessage, perSecond } = await contest(SERVERS[0] as Contender, load(sockets))
    figures.push({
      name: `${sockets.toLocaleString('en-US')} readers`,
      value: cpuMicrosPerMessage,
      also: {
        'server CPU µs/event': (cpuMicrosPerMessage * sockets).toFixed(0),
        'delivered/s': perSecond.toFixed(0),
      },
    })
  }
  return [
    {
      title: 'Growth: cost of one delivery against readers of one operation',
      unit: 'server CPU µs/message',
      isLowBetter: true,
      figures,
      goals: [],
    },
    frames(),
  ]
}

export const texts: Readonly<Record<string, () => Promise<string>>> = {
  robustness: async () => robustness(),
  resilience: async () => asMarkdown(await resilience()),
}
