import { createClient } from 'graphql-ws'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { createRates } from '../../src/server/rates.ts'
import { startRedis, until } from '../support/redis.ts'
import type { RedisServer } from '../support/redis.ts'
import { serveProtected } from './protected.ts'
import type { ProtectedServer } from './protected.ts'

describe('R39: whoever asks too much in a minute', () => {
  let served: ProtectedServer
  afterEach(() => served.stop())

  it('is told by headers how much is left, then 429 and when to come back', async () => {
    served = await serveProtected({ env: { RATE_LIMIT_PER_MINUTE: '5' } })
    const seen: unknown[] = []
    for (let count = 0; count < 7; count++) {
      const response = await served.post({ query: '{ symbols }' })
      seen.push([response.status, response.headers.get('ratelimit-remaining')])
      expect(response.headers.get('ratelimit-limit')).toBe('5')
      expect(response.headers.get('ratelimit-policy')).toBe('5;w=60')
      const reset = Number(response.headers.get('ratelimit-reset'))
      expect(reset > 0 && reset <= 60).toBe(true)
      if (response.status !== 429) continue
      expect(response.headers.get('retry-after')).toBe(String(reset))
      const { errors } = (await response.json()) as { errors: { extensions: Record<string, unknown> }[] }
      expect(errors[0]?.extensions).toMatchObject({ code: 'RATE_LIMITED', retryable: true, limit: 5 })
      expect(String(errors[0]?.extensions['retryAt'])).toMatch(/^\d{4}-.*Z$/)
    }
    expect(seen).toEqual([
      [200, '4'],
      [200, '3'],
      [200, '2'],
      [200, '1'],
      [200, '0'],
      [429, '0'],
      [429, '0'],
    ])
    const client = createClient({ url: served.wsUrl, webSocketImpl: WebSocket, retryAttempts: 0 })
    await expect(client.iterate({ query: '{ symbols }' }).next()).rejects.toMatchObject([
      { extensions: { code: 'RATE_LIMITED', retryable: true } },
    ])
    await client.dispose()
    expect((await served.at('/healthz')).status).toBe(200)
  })

  it('is one address, not all behind our proxy', async () => {
    served = await serveProtected({ env: { RATE_LIMIT_PER_MINUTE: '1', TRUSTED_PROXIES: '1' } })
    const from = async (forwarded: string) =>
      (await served.post({ query: '{ symbols }' }, { 'x-forwarded-for': forwarded })).status
    expect(await from('198.51.100.1')).toBe(200)
    expect(await from('198.51.100.2')).toBe(200)
    // What the asker wrote in front of what our proxy wrote is not believed.
    expect(await from('198.51.100.77, 198.51.100.1')).toBe(429)
    expect(await from('2001:db8:1:2:a::1')).toBe(200)
    expect(await from('2001:db8:1:2:b::9')).toBe(429)
  })
})

describe('R39: counting with Redis and without', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())

  it('counts together with others of us, goes on in memory while Redis is away, and comes back to it', async () => {
    const told: boolean[] = []
    const options = { perAddress: 3, perPrincipal: 2, redisUrl: redis.url }
    const here = createRates({ ...options, onRedis: (isConnected) => told.push(isConnected) })
    const there = createRates(options)
    await until(() => told.at(-1) === true)
    await until(async () => (await there.take('warm-up', null)) !== null && redisKnows(redis, 'warm-up'))
    const taken = [
      await here.take('a', null),
      await there.take('a', null),
      await here.take('a', null),
      await there.take('a', null),
    ]
    expect(taken.map((rate) => rate?.isAllowed)).toEqual([true, true, true, false])
    // The holder's own limit is tighter than the address'.
    expect((await here.take('b', 'desk'))?.remaining).toBe(1)
    await redis.kill()
    await until(() => told.at(-1) === false)
    const alone = []
    for (let count = 0; count < 5; count++) alone.push((await here.take('c', null))?.isAllowed)
    expect(alone).toEqual([true, true, true, false, false])
    await redis.restart()
    await until(() => told.at(-1) === true)
    expect((await here.take('d', null))?.isAllowed).toBe(true)
    here.close()
    there.close()
  })

  it('limits nothing where it was told so', async () => {
    const rates = createRates({ perAddress: 0, perPrincipal: 0 })
    expect(await rates.take('a', 'b')).toBeNull()
  })
})

async function redisKnows(redis: RedisServer, key: string): Promise<boolean> {
  const { cli } = await import('../support/redis.ts')
  return cli(['-p', String(redis.port), 'keys', `*${key}`]).includes(key)
}
