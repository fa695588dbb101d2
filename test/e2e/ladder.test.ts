/** A client that knows only the contract keeps a book over a real connection, whatever happens on the way. */
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { VENUES } from '../../src/domain/market.ts'
import { openHouse, until } from '../support/house.ts'
import type { House } from '../support/house.ts'
import { LADDER_QUERY, LadderClient } from '../support/ladder-client.ts'
import type { LadderChange } from '../support/ladder-client.ts'

let house: House
beforeAll(async () => {
  house = await openHouse({ symbols: ['BTC-USDT'], hotSymbols: ['BTC-USDT'] })
})
afterAll(() => house.close())

const DEPTH = 50

/** Reads until told to hang up; says once why a subscription was refused. */
function follow(ladder: LadderClient, venue: string) {
  const client = createClient({ url: house.wsUrl, webSocketImpl: WebSocket, retryAttempts: 0 })
  const refusals: unknown[] = []
  client.subscribe<{ bookDeltas: LadderChange }>(
    {
      query: LADDER_QUERY,
      variables: { symbol: 'BTC-USDT', venue, depth: DEPTH, ...(ladder.cursor && { after: ladder.cursor }) },
    },
    {
      next: ({ data }) => data && ladder.take(data.bookDeltas),
      error: (error) => void refusals.push(error),
      complete: () => undefined,
    },
  )
  return { hangUp: () => client.terminate(), leave: () => client.dispose(), refusals }
}

describe('a book kept from deltas by a client written from the contract alone', () => {
  it.each(VENUES)(
    "equals %s's own book after lost, doubled and swapped frames, a lost venue and a lost connection of its own",
    async (venue) => {
      const ladder = new LadderClient()
      const first = follow(ladder, venue)
      await until(() => ladder.changes > 3, 'changes')
      for (const kind of ['drop', 'duplicate', 'reorder'] as const) {
        const fault = house.simulation.fault({ kind, source: venue, count: 1, frames: 'book' })
        await until(() => fault.applied === 1, `${kind} struck`)
        const { changes } = ladder
        await until(() => ladder.changes > changes + 2, 'it goes on')
      }
      const told = ladder.snapshots
      house.simulation.fault({ kind: 'disconnect', source: venue })
      await until(() => ladder.snapshots > told, 'a new snapshot after the venue hung up')
      first.hangUp()
      const { changes } = ladder
      await new Promise((resolve) => setTimeout(resolve, 250))
      const second = follow(ladder, venue)
      await until(() => ladder.changes > changes + 3, 'it goes on behind its cursor')

      const quiet = house.simulation.fault({ kind: 'quiet', source: venue, durationMs: 5_000 })
      const truth = house.simulation.book(venue, 'BTC-USDT')
      const side = (levels: LadderClient['bids']) => levels.map(({ price, size }) => [price, size])
      const depth = venue === 'KRAKEN' ? 10 : DEPTH
      const isEqual = () =>
        JSON.stringify([side(ladder.bids), side(ladder.asks)]) ===
        JSON.stringify([truth?.bids.slice(0, depth), truth?.asks.slice(0, depth)])
      await until(isEqual, 'client and venue are one').catch(() => undefined)
      expect([side(ladder.bids), side(ladder.asks)]).toEqual([
        truth?.bids.slice(0, depth),
        truth?.asks.slice(0, depth),
      ])
      expect(quiet.command.kind).toBe('quiet')
      expect([ladder.complaints, second.refusals]).toEqual([[], []])
      house.simulation.clear()
      await second.leave()
    },
    30_000,
  )
})
