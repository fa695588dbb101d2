/** A chart that is looked at for days, as the clock is turned: what it costs, what is kept of it, what fails. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { KlineSeries } from '../../../src/domain/answer.ts'
import type { Outcome } from '../../../src/domain/errors.ts'
import { VENUES } from '../../../src/domain/market.ts'
import { verify, verifyFile } from '../../../src/facade/verify.ts'
import { TestClock } from '../../support/clock.ts'
import { startSimulated } from './simulated.ts'
import type { Simulated } from './simulated.ts'

const HOUR = 3_600_000
const MINUTE = 60_000
/** Ten minutes past the hour. */
const START = Date.UTC(2026, 0, 5, 9, 10)

let sim: Simulated
let clock: TestClock

afterEach(async () => {
  await sim.close()
})

async function open(): Promise<void> {
  clock = new TestClock(START)
  sim = await startSimulated({ symbols: ['ADA-USDT', 'USDT-USD'], turned: clock })
}

const ask = (asOf: number | null = null, last = 96): Promise<Outcome<KlineSeries>> =>
  sim.facade.warm.klines({ symbol: 'ADA-USDT', interval: 'H1', last, before: null, asOf })

async function chart(asOf: number | null = null, last = 96): Promise<KlineSeries> {
  const outcome = await ask(asOf, last)
  if (!outcome.ok) throw outcome.error
  return outcome.value
}

const requests = () => VENUES.map((venue) => sim.requests(venue))

describe('an hourly chart', () => {
  it('costs nothing until its open candle closes, and then one request a venue', async () => {
    await open()
    const first = await chart()
    expect(first.nodes.at(-1)).toMatchObject({ openTime: START - 10 * MINUTE, isClosed: false })
    expect(first.attribution.cache).toMatchObject({
      status: 'MISS',
      expiresAt: START + 50 * MINUTE,
      ttlSeconds: 3_000,
    })
    const before = requests()
    sim.advance(49 * MINUTE)
    expect((await chart()).attribution.cache?.status).toBe('HIT')
    expect(requests()).toEqual(before)
    sim.advance(2 * MINUTE)
    const next = await chart()
    expect(next.attribution.cache?.status).toBe('MISS')
    expect(next.nodes.at(-1)).toMatchObject({ openTime: START + 50 * MINUTE, isClosed: false })
    expect(next.nodes.at(-2)?.isClosed).toBe(true)
    expect(requests()).toEqual(before.map((count) => count + 1))
  })

  it('is asked for again at once where the candle before was not yet settled', async () => {
    await open()
    sim.advance(50 * MINUTE + 500)
    const early = await chart()
    expect(early.attribution.cache?.expiresAt).toBe(START + 50 * MINUTE + 2_000)
    sim.advance(2_000)
    expect((await chart()).attribution.cache).toMatchObject({
      status: 'MISS',
      expiresAt: START + 110 * MINUTE,
    })
  })

  it('is told for two days, and yesterday’s answers stay what they were, for a tenth of the bytes', async () => {
    await open()
    const told: { at: number; nodes: string; id: string }[] = []
    let bytes = 0
    for (let hour = 0; hour < 60; hour += 1) {
      const { nodes, rejected, attribution } = await chart()
      const id = attribution.snapshot?.id ?? ''
      told.push({ at: attribution.snapshot?.takenAt ?? 0, nodes: JSON.stringify({ nodes, rejected }), id })
      const record = await sim.facade.snapshot(id)
      if (!record.ok) throw record.error
      bytes += record.value.body.length
      sim.advance(HOUR)
    }
    const whole = told.reduce((sum, { nodes }) => sum + nodes.length, 0)
    expect(bytes).toBeLessThan(whole / 10)
    // Blocks were agreed long before what refers to them; they are held as long as it is.
    for (const { at, nodes, id } of told.slice(-23)) {
      const past = await chart(at)
      expect(past.attribution.snapshot?.id).toBe(id)
      expect(JSON.stringify({ nodes: past.nodes, rejected: past.rejected })).toBe(nodes)
    }
    const gone = await ask(told[0]?.at)
    expect(gone).toMatchObject({ ok: false, error: { code: 'SNAPSHOT_NOT_FOUND' } })
  })

  it('verifies with all the blocks it rests on; one digit in one of them does not', async () => {
    await open()
    const { attribution } = await chart(null, 480)
    const bodyOf = async (id: string) => {
      const record = await sim.facade.snapshot(id)
      return record.ok ? record.value.body : null
    }
    const load = (ids: readonly string[]) => Promise.all(ids.map(bodyOf))
    const id = attribution.snapshot?.id ?? ''
    expect(await verifyFile(id, load)).toMatchObject({ ok: true, isRecalculated: true, restsOn: [] })
    const alone = verify((await bodyOf(id)) ?? '', id)
    const parts = alone.ok ? alone.restsOn : []
    expect(parts.length).toBeGreaterThan(15)
    const digits = async (ids: readonly string[]) =>
      (await load(ids)).map((body, at) => (ids[at] === parts[3] ? (body?.replace('1', '2') ?? null) : body))
    const forged = await verifyFile(id, digits)
    expect(forged).toMatchObject({ ok: false, problem: expect.stringContaining(`it rests on ${parts[3]}: `) })
    expect(await verifyFile(id, async (ids) => (ids.length === 1 ? load(ids) : []))).toMatchObject({
      ok: true,
      restsOn: parts,
    })

    // In a file of all of them, without a store; and of the series alone, which names the rest.
    const folder = mkdtempSync(join(tmpdir(), 'facade-chart-'))
    const file = join(folder, 'chart.json')
    const held = async (ids: readonly string[]) =>
      Promise.all(ids.map(async (each) => ({ id: each, body: await bodyOf(each) })))
    writeFileSync(file, JSON.stringify(await held([id, ...parts])))
    expect(await verifyFile(file)).toMatchObject({ ok: true, id, restsOn: [] })
    writeFileSync(file, JSON.stringify(await held([id])))
    expect(await verifyFile(file)).toMatchObject({ ok: true, id, restsOn: parts })
    rmSync(folder, { recursive: true })
  })

  it('is closed candles marked stale while every venue fails, without a new record, for ten candles at most', async () => {
    await open()
    const fresh = await chart()
    for (const source of VENUES) sim.simulation.fault({ kind: 'status', source, status: 503 })
    sim.advance(2 * HOUR)
    const stale = await chart()
    expect(stale.attribution).toMatchObject({
      cache: { status: 'STALE', cachedAt: fresh.attribution.cache?.cachedAt },
      snapshot: null,
    })
    expect(stale.attribution.text).toMatch(/; stale: 7200 s old, served because every source failed$/)
    expect(stale.nodes.at(-1)).toEqual(fresh.nodes.at(-2))
    sim.advance(9 * HOUR)
    expect(await ask()).toMatchObject({ ok: false, error: { code: 'SOURCE_UNAVAILABLE' } })
    sim.simulation.clear()
    sim.advance(MINUTE * 2)
    expect((await chart()).attribution.cache?.status).toBe('MISS')
  })

  it('is not recorded anew every five seconds while one venue is missing', async () => {
    await open()
    sim.simulation.fault({ kind: 'status', source: 'OKX', status: 503, path: 'candles' })
    const first = await chart()
    expect(first.nodes[5]?.reconciliation.close.dropped).toMatchObject([
      { source: 'OKX', reason: 'UNAVAILABLE' },
    ])
    const records = new Set([first.attribution.snapshot?.id])
    for (let again = 0; again < 12; again += 1) {
      sim.advance(6_000)
      records.add((await chart()).attribution.snapshot?.id)
    }
    // One for "no answer", one for "not asked for now".
    expect(records.size).toBe(2)
    sim.simulation.clear()
    sim.advance(2 * MINUTE)
    const whole = await chart()
    expect(whole.nodes[5]?.reconciliation.close.used.map(({ source }) => source)).toContain('OKX')
  })
})
