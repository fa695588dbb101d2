/** Every document of `schema/operations/`, as a frontend would send it, to the whole house over real sockets. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exampleOperations } from '../../src/server/graphiql.ts'
import { openHouse } from '../support/house.ts'
import type { Answer, House } from '../support/house.ts'
import { allNamed } from '../support/selection.ts'

let house: House
beforeAll(async () => {
  house = await openHouse()
})
afterAll(() => house.close())

const operations = exampleOperations()
const isLive = ({ query }: { readonly query: string }): boolean => /^subscription /m.test(query)

const DECIMAL = /^-?\d+(\.\d+)?$/
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

/** What holds for each answer, whatever was asked: instants and decimals in their form, evidence that fits together. */
function expectSound(answer: Answer<unknown>): void {
  expect(answer.errors).toBeUndefined()
  visit(answer.data, (key, value) => {
    if (typeof value !== 'string') return
    if (/(At|Time|Cursor)$|^oldest$/.test(key))
      expect({ [key]: value }).toEqual({ [key]: expect.stringMatching(INSTANT) })
    if (
      /^(price|size|value|open|high|low|close|volume|mid|spread|bidDepth|askDepth|rate|median)$/.test(key)
    ) {
      expect({ [key]: value }).toEqual({ [key]: expect.stringMatching(DECIMAL) })
    }
  })
  for (const attribution of allNamed(answer.data, 'attribution')) {
    const { text, sources, confidence } = attribution as {
      text?: string
      sources?: string[]
      confidence?: number
    }
    if (text !== undefined) expect(text.length).toBeGreaterThan(15)
    if (sources !== undefined) expect(new Set(sources).size).toBe(sources.length)
    if (confidence !== undefined) expect(confidence).toBeGreaterThanOrEqual(0.7)
  }
}

function visit(value: unknown, see: (key: string, value: unknown) => void): void {
  if (typeof value !== 'object' || value === null) return
  for (const [key, entry] of Object.entries(value)) {
    see(key, entry)
    visit(entry, see)
  }
}

describe('the documents a frontend would write', () => {
  it('are there for every screen: watchlist, evidence, chart, ladder, live, time travel, health', () => {
    const names = operations.map(({ name }) => name)
    expect(names).toEqual(
      expect.arrayContaining([
        ...['watchlist', 'why-this-price', 'chart', 'ladder', 'live-ladder', 'live-trades'],
        ...['time-travel', 'health', 'consolidated', 'derivatives', 'liquidity', 'record'],
      ]),
    )
  })

  it.each(operations.filter((each) => !isLive(each) && each.name !== 'record'))(
    '$name answers with its own variables',
    async ({ query, variables }) => {
      const answer = await house.ask(query, variables)
      expect(answer.status).toBe(200)
      expectSound(answer)
      expect(Object.values(answer.data ?? {})).not.toContain(null)
    },
  )

  it.each(operations.filter(isLive))('$name streams with its own variables', async ({ query, variables }) => {
    const events = await house.listen(query, variables, 3)
    expect(events).toHaveLength(3)
    for (const event of events) expectSound(event)
  })

  it('record shows the very record a price was read from', async () => {
    const why = await house.ask(document('why-this-price'), { symbol: 'BTC-USD' })
    const [snapshot] = allNamed(why.data, 'snapshot')
    const answer = await house.ask<{ snapshot: { id: string; kind: string; symbol: string } }>(
      document('record'),
      { id: snapshot?.['id'] },
    )
    expectSound(answer)
    expect(answer.data?.snapshot).toMatchObject({ id: snapshot?.['id'], kind: 'price', symbol: 'BTC-USD' })
  })

  it('live-trades goes on behind the last cursor after a lost connection', async () => {
    const variables = { symbols: ['BTC-USDT'], venues: ['BINANCE'] }
    type Trades = { trades: { id: string; sequence: number; cursor: string } }
    const before = await house.listen<Trades>(document('live-trades'), variables, 2)
    const last = before.at(-1)?.data?.trades
    const after = await house.listen<Trades>(
      document('live-trades'),
      { ...variables, after: last?.cursor },
      3,
    )
    expect(after.map(({ data }) => data?.trades.sequence)).toEqual(
      [1, 2, 3].map((each) => (last?.sequence ?? NaN) + each),
    )
  })
})

function document(name: string): string {
  const found = operations.find((each) => each.name === name)
  if (found === undefined) throw new Error(`no document ${name}`)
  return found.query
}
