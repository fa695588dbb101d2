/**
 * The whole house on simulated venues, under trouble, with readers that stay, come and go, or stop reading. Prints
 * what it counted and fails where something grew, was lost, or was told twice.
 *
 *   npm run soak -- --minutes 5 [--seed 7]
 */
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { VENUES } from '../src/domain/market.ts'
import type { MarketSymbol, Venue } from '../src/domain/market.ts'
import { openHouse, until } from '../test/support/house.ts'
import type { House } from '../test/support/house.ts'
import { makeTrouble } from './support/soak-faults.ts'
import { comeAndGo, stay, stopReading } from './support/soak-readers.ts'

/** Frames of one tick of a venue's markets that its sockets may hold when we look. */
const ON_THEIR_WAY = 20

const SYMBOLS: readonly MarketSymbol[] = ['BTC-USDT', 'ETH-USDT']
const COMERS = 4
const STOPPED = 3
const TRADES_PER_SECOND = 10
/** What one kept trade may weigh, sources' text included. */
const BYTES_PER_TRADE = 600
const HEAP_SLACK_BYTES = 3_000_000
const HEAP_SLACK_PER_HOUR = 1_000_000
/** Keep-alive sockets of HTTP pools come and go by themselves. */
const POOLED = 8
const MB = 1024 * 1024

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '5' }, seed: { type: 'string', default: '7' } },
})
const runMs = Number(values.minutes) * 60_000
const random = seeded(Number(values.seed))
if (!(runMs > 0)) {
  process.stderr.write('usage: soak.ts --minutes N [--seed N]\n')
  process.exit(2)
}

const rejections: unknown[] = []
process.on('unhandledRejection', (reason) => void rejections.push(reason))
const failures: string[] = []
const say = (line: string): void => void process.stdout.write(`${line}\n`)
/** One line of the report; a false one is a failure. */
const check = (isRight: boolean, line: string): void => {
  say(`${isRight ? 'ok  ' : 'FAIL'} ${line}`)
  if (!isRight) failures.push(line)
}

const before = handles()
const house = await openHouse({
  symbols: SYMBOLS,
  hotSymbols: SYMBOLS,
  seed: Number(values.seed),
  tradesPerSecond: TRADES_PER_SECOND,
  // Records are meant to be kept for a day: they would hide what should not be kept.
  change: (config) => ({ ...config, snapshots: { ...config.snapshots, isEnabled: false } }),
})
try {
  await soak(house)
} finally {
  await house.close()
}
await rest()
const after = handles()
check(
  after.timers <= before.timers && after.sockets <= before.sockets,
  `closed: ${inWords(before)} before, ${inWords(after)} after`,
)
check(rejections.length === 0, `unhandled rejections: ${rejections.length}`)
say(failures.length === 0 ? 'soak passed' : `soak failed: ${failures.length} of the above`)
process.exit(failures.length === 0 ? 0 : 1)

async function soak({ app, simulation, wsUrl }: House): Promise<void> {
  const { hot } = app.facade
  // A first round of everybody, so that what is made once is made before anything is measured.
  await visit(Math.min(runMs / 4, 20_000))
  const idle = await quiet()
  const { staying, trouble, visits } = await visit(runMs)
  const end = await quiet()

  const hours = runMs / 3_600_000
  const kept = (end.trades - idle.trades) * BYTES_PER_TRADE
  const grown = end.heap - idle.heap - kept
  check(
    grown < HEAP_SLACK_BYTES + HEAP_SLACK_PER_HOUR * hours,
    `heap ${mb(idle.heap)} → ${mb(end.heap)} MB, ${end.trades - idle.trades} more trades held for resumes; beyond those ${mb(grown)} MB`,
  )
  check(
    end.readers === idle.readers && end.lanes === idle.lanes,
    `readers ${idle.readers} → ${end.readers}, upstream subscriptions ${idle.lanes} → ${end.lanes}`,
  )
  const isBack = ({ timers, sockets }: Handles): boolean =>
    timers <= idle.handles.timers + 1 && sockets <= idle.handles.sockets + POOLED
  const left = await settled(end.handles, isBack)
  check(isBack(left), `${inWords(idle.handles)} → ${inWords(left)}`)
  check(end.listeners <= idle.listeners, `process listeners ${idle.listeners} → ${end.listeners}`)
  say(
    `     ${visits} readers came and went, ${STOPPED} never read; ${trouble.cuts} connections cut; ${JSON.stringify(trouble.struck)}`,
  )
  for (const complaint of staying.complaints.slice(0, 5)) say(`     ${complaint}`)
  check(
    staying.complaints.length === 0,
    `trades out of order, missed or told twice: ${staying.complaints.length}`,
  )
  for (const [venue, ladder] of staying.ladders) {
    check(
      ladder.complaints.length === 0 && ladder.changes > 0,
      `${venue}: ${ladder.changes} book changes, ${ladder.snapshots} snapshots, ${ladder.complaints.length} wrong ${ladder.complaints[0] ?? ''}`,
    )
  }

  /** Everybody is there for so long; at the end the accounts are compared while the markets stand still. */
  async function visit(ms: number) {
    const base = accounts()
    const endsAt = performance.now() + ms
    const isOver = () => performance.now() >= endsAt
    const staying = stay(wsUrl, SYMBOLS)
    const stopped = await Promise.all(Array.from({ length: STOPPED }, () => stopReading(wsUrl, SYMBOLS)))
    const [trouble, ...counts] = await Promise.all([
      makeTrouble(simulation, { random, isOver }),
      ...Array.from({ length: COMERS }, () => comeAndGo(wsUrl, { symbols: SYMBOLS, random, isOver })),
    ])
    await until(allLive, 'all books live again')
    await until(() => isComplete(staying.trades), 'every trade printed has been read').catch(() => undefined)
    compare(base, { trades: staying.trades, malformed: trouble.malformed, cuts: trouble.cuts })
    for (const leave of stopped) leave()
    await staying.leave()
    return { staying, trouble, visits: counts.reduce((sum, each) => sum + each, 0) }
  }

  function allLive(): boolean {
    return markets().every(([venue, symbol]) => hot.liveBook(symbol, venue, 1) !== null)
  }

  function markets(): readonly (readonly [Venue, MarketSymbol])[] {
    return VENUES.flatMap((venue) => SYMBOLS.map((symbol) => [venue, symbol] as const))
  }

  function isComplete(trades: ReturnType<typeof stay>['trades']): boolean {
    return markets().every(([venue, symbol]) => {
      const printed = Number(simulation.truth.trades(venue, symbol).at(-1)?.id ?? 0)
      return (trades.get(`${venue} ${symbol}`)?.lastId ?? 0) >= printed - 1
    })
  }

  function accounts() {
    const sent = simulation.counts()
    return Object.fromEntries(
      VENUES.map((venue) => {
        const { messagesTotal = 0, malformedTotal = 0, gapsTotal = 0 } = hot.streamHealth(venue) ?? {}
        const { framesSent, dropped, reordered, gaps, badChecksums } = sent[venue]
        const causes = dropped + reordered + gaps + badChecksums
        return [venue, { messagesTotal, malformedTotal, gapsTotal, framesSent, causes }]
      }),
    ) as Record<
      Venue,
      { messagesTotal: number; malformedTotal: number; gapsTotal: number; framesSent: number; causes: number }
    >
  }

  function compare(
    base: ReturnType<typeof accounts>,
    {
      trades,
      malformed,
      cuts,
    }: {
      readonly trades: ReturnType<typeof stay>['trades']
      readonly malformed: Readonly<Record<Venue, number>>
      readonly cuts: number
    },
  ): void {
    const now = accounts()
    for (const venue of VENUES) {
      const [was, is] = [base[venue], now[venue]]
      const sent = is.framesSent - was.framesSent + malformed[venue]
      const taken = is.messagesTotal - was.messagesTotal
      // What was on its way when a connection was cut is gone with it. What was on its way when the counting began
      // was sent before and taken after; but nothing may come that was not sent.
      const isClose = taken <= sent + ON_THEIR_WAY && sent - taken <= cuts * 40 + ON_THEIR_WAY
      check(
        isClose,
        `${venue}: ${sent} frames sent, ${taken} taken (${sent - taken} lost with cut connections or on their way)`,
      )
      check(
        is.malformedTotal - was.malformedTotal === malformed[venue],
        `${venue}: ${malformed[venue]} malformed sent, ${is.malformedTotal - was.malformedTotal} counted`,
      )
      const gaps = is.gapsTotal - was.gapsTotal
      check(gaps <= is.causes - was.causes, `${venue}: ${gaps} gaps seen, ${is.causes - was.causes} caused`)
    }
    let printed = 0
    let read = 0
    for (const [, log] of trades) {
      printed += log.lastId - log.firstId + 1
      read += log.count
    }
    check(
      printed === read && trades.size === markets().length,
      `${printed} trades printed, ${read} read, in ${trades.size} markets`,
    )
  }

  /** Nobody reads any more and everything has come to rest. */
  async function quiet() {
    await rest()
    collect()
    await rest()
    collect()
    const { trades, readers, lanes } = hot.counts()
    const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0)
    return {
      heap: process.memoryUsage().heapUsed,
      trades,
      readers,
      lanes,
      listeners,
      handles: await fewest(),
    }
  }
}

async function rest(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1_000))
}

interface Handles {
  readonly timers: number
  readonly sockets: number
}

function handles(): Handles {
  const all = process.getActiveResourcesInfo()
  const count = (names: readonly string[]) => all.filter((name) => names.includes(name)).length
  return { timers: count(['Timeout', 'Immediate']), sockets: count(['TCPSocketWrap', 'TCPServerWrap']) }
}

/** Timers of the moment come and go: the least of several looks is what stays. */
async function fewest(): Promise<Handles> {
  const looks: Handles[] = []
  for (let look = 0; look < 20; look += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    looks.push(handles())
  }
  return {
    timers: Math.min(...looks.map(({ timers }) => timers)),
    sockets: Math.min(...looks.map(({ sockets }) => sockets)),
  }
}

/** A pause between two tries is a timer that ends by itself; a leak stays. */
async function settled(first: Handles, isBack: (handles: Handles) => boolean): Promise<Handles> {
  let latest = first
  for (let look = 0; look < 15 && !isBack(latest); look += 1) latest = await fewest()
  return latest
}

function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

function mb(bytes: number): string {
  return (bytes / MB).toFixed(1)
}

function inWords({ timers, sockets }: Handles): string {
  return `${timers} timers and ${sockets} sockets`
}
