/** A record that was not touched verifies; one flipped digit does not. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { SOURCES } from '../../src/domain/market.ts'
import { reconcile } from '../../src/domain/reconcile.ts'
import type { Claim, Policy } from '../../src/domain/reconcile.ts'
import { vadrOf } from '../../src/domain/vadr.ts'
import { canonical } from '../../src/facade/canonical.ts'
import { createSnapshots, hashOf } from '../../src/facade/snapshots.ts'
import type { SnapshotItem } from '../../src/facade/snapshots.ts'
import { agreedOf, answerOf } from '../../src/facade/warm/series.ts'
import type { SeriesInputs } from '../../src/facade/warm/series.ts'
import { verify, verifyFile } from '../../src/facade/verify.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { TestClock } from '../support/clock.ts'

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5, 678)

/** Seeded, so that a failure comes back. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    return (state >>> 8) / 0x1000000
  }
}

const policy = (random: () => number): Policy => ({
  method: random() < 0.5 ? 'TRIMMED_MEDIAN' : 'TRIMMED_MEAN',
  maxDeviation: 0.01,
  minSources: 2,
  confidenceThreshold: 0.7,
  trimPercent: 0.1,
  isHot: random() < 0.3,
  maxAgeMs: 60_000,
  now: NOW,
  wasDropped: random() < 0.2 ? ['KRAKEN'] : [],
  order: SOURCES,
})

function claims(random: () => number): readonly Claim[] {
  const level = 10 ** (random() * 9 - 4)
  return SOURCES.map((source): Claim => {
    if (random() < 0.2) {
      return {
        source,
        value: null,
        observedAt: null,
        receivedAt: null,
        conversion: null,
        failure: 'CIRCUIT_OPEN',
      }
    }
    const value = (level * (1 + (random() - 0.5) * (random() < 0.2 ? 0.2 : 0.004))).toFixed(8)
    const observedAt = NOW - Math.floor(random() * 70_000)
    const conversion = random() < 0.2 ? { symbol: 'USDT-USD', rate: '0.9998' } : null
    return { source, value, observedAt, receivedAt: NOW - 20, conversion, failure: null }
  })
}

function priceItem(random: () => number): SnapshotItem {
  const inputs = { claims: claims(random), policy: policy(random) }
  const answer = reconcile(inputs.claims, inputs.policy)
  return { kind: 'price', symbol: 'BTC-USD', subject: 'price:BTC-USD', inputs, answer }
}

const bodyOf = (item: SnapshotItem): string => canonical({ version: 1, takenAt: NOW, ...item })

function flipDigit(body: string, random: () => number): string {
  const positions = [...body.matchAll(/\d/g)].map(({ index }) => index)
  const at = positions[Math.floor(random() * positions.length)] ?? 0
  return body.slice(0, at) + ((Number(body[at]) + 1 + Math.floor(random() * 8)) % 10) + body.slice(at + 1)
}

describe('ten thousand random records', () => {
  it('verify through the store, and each fails with one digit flipped', async () => {
    const random = randomFrom(7)
    const clock = new TestClock()
    const store = createMemoryStore({ clock })
    const snapshots = createSnapshots({ store, clock, isEnabled: true, retentionMs: 86_400_000 })
    let verified = 0
    let caught = 0
    for (let round = 0; round < 100; round++) {
      const refs = snapshots.record(Array.from({ length: 100 }, () => priceItem(random)))
      await snapshots.flush()
      for (const ref of refs) {
        const stored = await store.snapshot(ref?.id ?? '')
        if (stored === null) continue
        const result = verify(stored.body, stored.id)
        if (result.ok && result.isRecalculated) verified += 1
        if (!verify(flipDigit(stored.body, random), stored.id).ok) caught += 1
      }
      clock.advance(1000)
    }
    expect({ verified, caught }).toEqual({ verified: 10_000, caught: 10_000 })
  })
})

describe('a record', () => {
  it('whose answer does not follow from its inputs fails, even when hashed anew', () => {
    const item = priceItem(randomFrom(1))
    const forged = bodyOf({ ...item, answer: { ...(item.answer as object), value: '1.5' } })
    const result = verify(forged, hashOf(forged))
    expect(result).toMatchObject({ ok: false })
    expect(result.ok ? '' : result.problem).toMatch(/^value is "1\.5" in the record/)
  })

  it('written otherwise than in canonical form fails', () => {
    const loose = JSON.stringify(JSON.parse(bodyOf(priceItem(randomFrom(1)))), null, 1)
    expect(verify(loose, hashOf(loose))).toMatchObject({
      ok: false,
      problem: 'the body is not in canonical form',
    })
  })

  it('of candles or volume surge is calculated again too', () => {
    const opened = Date.UTC(2026, 0, 2, 0)
    const row = [opened, '1.0', '1.2', '0.9', '1.1', '5'] as const
    const series: SeriesInputs = {
      symbol: 'BTC-USD',
      interval: 'H1',
      from: opened,
      to: opened + 3_600_000,
      now: NOW,
      policy: policy(randomFrom(3)),
      rows: { KRAKEN: [row], OKX: [[opened, '1.0', '1.2', '0.9', '1.1001', '7']] },
      failures: { BINANCE: 'CIRCUIT_OPEN' },
      receivedAt: { KRAKEN: NOW - 5, OKX: NOW - 9 },
      hasOlder: false,
    }
    const hours = Array.from({ length: 30 }, (_, index) => ({
      openTime: NOW - (31 - index) * 3_600_000,
      volume: `${index + 1}`,
    }))
    const rows = hours.map(({ openTime, volume }) => [openTime, volume])
    const about = { symbol: 'BTC-USD', subject: 'x' }
    const items: readonly SnapshotItem[] = [
      { ...about, kind: 'klines', inputs: series, answer: answerOf(agreedOf(series)) },
      { ...about, kind: 'vadr', inputs: { hours: rows, now: NOW }, answer: vadrOf(hours, NOW) },
    ]
    for (const item of items) {
      const body = bodyOf(item)
      expect(verify(body, hashOf(body))).toMatchObject({ ok: true, kind: item.kind, isRecalculated: true })
    }
  })

  it('of what one source said is held to its hash alone', () => {
    const body = bodyOf({
      kind: 'funding',
      symbol: 'BTC-USD',
      subject: 'f',
      inputs: { venue: 'OKX' },
      answer: { rate: '0.0001' },
    })
    expect(verify(body, hashOf(body))).toMatchObject({ ok: true, isRecalculated: false })
    expect(verify(body)).toMatchObject({ ok: false })
  })
})

describe('a file', () => {
  it('verifies as a body, as a record of the API, or by its name', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'facade-verify-'))
    const body = bodyOf(priceItem(randomFrom(2)))
    const id = hashOf(body)
    const files: Readonly<Record<string, string>> = {
      'body.json': `${body}\n`,
      'answer.json': JSON.stringify({ data: { snapshot: { id, takenAt: 'x', body } } }),
      [`${id}.json`]: body,
    }
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(folder, name), text)
      expect({ name, ...(await verifyFile(join(folder, name))) }).toMatchObject({ name, ok: true, id })
    }
    writeFileSync(
      join(folder, 'answer.json'),
      JSON.stringify({ id, body: body.replace('"takenAt":1', '"takenAt":2') }),
    )
    expect(await verifyFile(join(folder, 'answer.json'))).toMatchObject({ ok: false, id })
    expect(await verifyFile(id, async () => [body])).toMatchObject({ ok: true, id })
    expect(await verifyFile(id)).toMatchObject({ ok: false, problem: 'no record with this id is held' })
    expect(await verifyFile('nothing.json')).toMatchObject({ ok: false })
    rmSync(folder, { recursive: true })
  })
})
