import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RULES } from '../contracts/transport-ws.ts'
import { serveProtected } from './protected.ts'
import type { ProtectedServer } from './protected.ts'

let served: ProtectedServer
beforeAll(async () => {
  served = await serveProtected()
})
afterAll(() => served.stop())

describe('R24: graphql-transport-ws, rule by rule', () => {
  it.each(RULES.map((rule) => [rule.name, rule] as const))('our server %s', async (_name, rule) => {
    await expect(
      rule.check({
        url: served.wsUrl,
        query: '{ symbols }',
        subscription: 'subscription { trades(symbols: ["BTC-USD"]) { id } }',
        mostBytes: 64 * 1024,
      }),
    ).resolves.toBeUndefined()
  })

  it('has no subscription left when all are gone', async () => {
    await expect.poll(() => served.facade.topics.trades.readers).toBe(0)
  })
})
