/** Row: frames a second from wire text through validation and the book to a publication that a reader is told. */
import { LiveBook } from '../src/domain/book.ts'
import type { Book } from '../src/domain/answer.ts'
import type { BookTop } from '../src/domain/book.ts'
import { VENUES } from '../src/domain/market.ts'
import { createBookView } from '../src/facade/hot/book-view.ts'
import { venues } from '../src/sources/index.ts'
import { native } from '../test/support/facade.ts'
import { ccxt, tardis } from './peers/ingest.ts'
import type { Ingest, IngestPeer } from './peers/ingest.ts'
import { atLeast, medianOf } from './support/report.ts'
import type { Mode, Report } from './support/report.ts'
import { trafficOf } from './support/traffic.ts'
import type { Traffic } from './support/traffic.ts'

const ours: IngestPeer = async ({ venue, spelling, depth }) => {
  const { stream } = venues[venue]
  const live = new LiveBook(stream.dance)
  const attribution = native(venue)
  const compose = ({ bids, asks }: BookTop): Book => ({
    ...{ symbol: spelling, venue, state: 'LIVE', bids, asks, mid: null, spread: null, spreadBps: null },
    ...{ sequence: null, observedAt: 0, attribution },
  })
  const view = createBookView(
    { state: 'LIVE', hasLevels: true, isDirty: false, top: (levels) => live.top(levels), compose },
    20,
    () => undefined,
  )
  let told = 0
  if (depth !== null) {
    const reading = venues[venue]
      .depth({ source: venue, symbol: spelling, spelling })
      .read({ status: 200, headers: {}, body: depth })
    if (!reading.ok) throw new Error('the depth could not be read')
    live.join(reading.value)
  }
  view.topic.open({ next: () => told++, end: () => undefined })
  return (frame) => {
    const decoded = stream.decode(frame)
    if ('malformed' in decoded) throw new Error(decoded.malformed)
    for (const event of decoded.events) {
      if (event.kind !== 'bookSnapshot' && event.kind !== 'bookDelta') continue
      if (live.apply(event) === 'gap') throw new Error('a gap in the traffic')
    }
    view.refresh()
  }
}

const parsing: IngestPeer = async () => (frame) => void JSON.parse(frame)

const CONTENDERS: readonly (readonly [name: string, peer: IngestPeer])[] = [
  ['ours', ours],
  ['ccxt pro', ccxt],
  ['tardis-dev', tardis],
  ['limit: `JSON.parse` alone', parsing],
]

export async function ingest({ runs, isQuick }: Mode): Promise<readonly Report[]> {
  const reports: Report[] = []
  for (const venue of VENUES)
    reports.push(await beside(await trafficOf(venue), runs, isQuick ? 6_000 : 30_000))
  return reports
}

async function beside(traffic: Traffic, runs: number, least: number): Promise<Report> {
  const passes = Math.ceil(least / traffic.frames.length)
  const rates = new Map<string, number[]>()
  for (let run = 0; run <= runs; run++) {
    for (const [name, peer] of CONTENDERS) {
      const rate = await rateOf(peer, traffic, passes)
      // The first run warms up and is left out.
      if (rate !== null && run > 0) rates.set(name, [...(rates.get(name) ?? []), rate])
    }
  }
  const of = (name: string): number => medianOf(rates.get(name) ?? [])
  const limit = CONTENDERS[3]?.[0] ?? ''
  const bytes = traffic.frames.reduce((sum, frame) => sum + frame.length, 0) / traffic.frames.length
  return {
    title: `Ingest: ${traffic.venue} book frames (${traffic.isCaptured ? 'captured' : 'simulated'}, ${bytes.toFixed(0)} bytes each) to a published top of 20`,
    unit: 'frames/s',
    figures: [...rates].map(([name, each]) => ({ name, value: medianOf(each) })),
    goals: [
      atLeast('ours ÷ `JSON.parse` alone', of('ours') / of(limit), 0.6),
      atLeast('stretch: the same', of('ours') / of(limit), 0.8),
      ...(rates.has('ccxt pro') ? [atLeast('ours ÷ ccxt pro', of('ours') / of('ccxt pro'), 3)] : []),
    ],
  }
}

async function rateOf(peer: IngestPeer, traffic: Traffic, passes: number): Promise<number | null> {
  let seconds = 0
  for (let pass = 0; pass < passes; pass++) {
    const take: Ingest | null = await peer(traffic)
    if (take === null) return null
    const began = performance.now()
    for (const frame of traffic.frames) take(frame)
    seconds += (performance.now() - began) / 1_000
  }
  return (traffic.frames.length * passes) / seconds
}

if (import.meta.main) {
  const { markdownOf } = await import('./support/report.ts')
  for (const report of await ingest({ runs: 1, isQuick: true }))
    process.stdout.write(`${markdownOf(report)}\n`)
  process.exit(0)
}
