/** R38: nobody waits for ever, and nothing goes on for one who has left. */
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { answered } from '../../src/domain/errors.ts'
import type { Outcome } from '../../src/domain/errors.ts'
import { Deadline } from '../../src/server/deadline.ts'
import { TestClock } from '../support/clock.ts'
import { price, stillFacade } from '../support/facade.ts'
import { serveProtected } from './protected.ts'
import type { ProtectedServer } from './protected.ts'
import { RawReader } from './readers.ts'

describe('a deadline', () => {
  const late = (refusal: Outcome<never>): Outcome<number> => refusal
  const never = new Promise<Outcome<number>>(() => undefined)

  it('keeps a timer only while something is waited for', async () => {
    const clock = new TestClock()
    const deadline = new Deadline({ clock, withinMs: 10_000 })
    expect(clock.pendingTimers).toBe(0)
    const work = Promise.withResolvers<Outcome<number>>()
    const answer = deadline.within(work.promise, late)
    expect(clock.pendingTimers).toBe(1)
    work.resolve(answered(1))
    expect(await answer).toEqual(answered(1))
    expect(clock.pendingTimers).toBe(0)
  })

  it('is one for all that an operation waits for, however often it waits', async () => {
    const clock = new TestClock()
    let lateCount = 0
    const deadline = new Deadline({ clock, withinMs: 10_000, onLate: () => lateCount++ })
    await deadline.within(Promise.resolve(answered(1)), late)
    clock.advance(6_000)
    const answers = [deadline.within(never, late), deadline.within(never, late)]
    clock.advance(3_999)
    expect(deadline.signal.aborted).toBe(false)
    clock.advance(1)
    expect(deadline.signal.aborted).toBe(true)
    for (const outcome of await Promise.all(answers))
      expect(outcome).toMatchObject({ ok: false, error: { code: 'SOURCE_UNAVAILABLE', isRetryable: true } })
    expect([lateCount, clock.pendingTimers]).toEqual([1, 0])
  })

  it('still hands out what is at hand when it is over', async () => {
    const clock = new TestClock()
    const deadline = new Deadline({ clock, withinMs: 10_000 })
    void deadline.within(never, late)
    clock.advance(10_000)
    expect(await deadline.within(Promise.resolve(answered(2)), late)).toEqual(answered(2))
    expect(clock.pendingTimers).toBe(0)
  })

  it('ends with its asker, and lets nothing begin to wait afterwards', async () => {
    const clock = new TestClock()
    const deadline = new Deadline({ clock, withinMs: 10_000 })
    const waiting = deadline.within(never, late)
    deadline.hangUp()
    expect((await waiting).ok).toBe(false)
    expect((await deadline.within(never, late)).ok).toBe(false)
    expect(clock.pendingTimers).toBe(0)
  })

  it('does not care how the clock on the wall is set', async () => {
    const clock = new TestClock()
    const deadline = new Deadline({ clock, withinMs: 10_000 })
    const answer = deadline.within(never, late)
    clock.setWall(clock.now() + 3_600_000)
    clock.advance(9_999)
    expect(deadline.signal.aborted).toBe(false)
    clock.setWall(clock.now() - 7_200_000)
    clock.advance(1)
    expect((await answer).ok).toBe(false)
  })
})

describe('a query nobody answers', () => {
  let served: ProtectedServer
  afterEach(() => served.stop())

  /** Prices come, volumes never do. */
  function open(isQuick: boolean, env = {}) {
    const signals: AbortSignal[] = []
    const facade = stillFacade({
      warm: {
        prices: (requests) => Promise.resolve(requests.map(({ symbol }) => answered(price(symbol)))),
        volumes: (_requests, signal) => {
          if (signal) signals.push(signal)
          return new Promise(() => undefined)
        },
      },
    })
    return serveProtected({ facade, isQuick, env }).then((server) => {
      served = server
      return { facade, signals }
    })
  }
  const QUERY = '{ market(symbol: "BTC-USD") { price { value } volume24h { value } } }'
  const LATE = {
    data: { market: { price: { value: '45025.10' }, volume24h: null } },
    errors: [{ path: ['market', 'volume24h'], extensions: { code: 'SOURCE_UNAVAILABLE', retryable: true } }],
  }
  const ways: readonly [string, boolean][] = [
    ['the quick way', true],
    ['graphql-js alone', false],
  ]

  it.each(ways)('over HTTP is told so in time, with what others said: %s', async (_way, isQuick) => {
    const { facade, signals } = await open(isQuick)
    const timers = facade.clock.pendingTimers
    const answer = served.post({ query: QUERY })
    await expect.poll(() => signals.length).toBe(1)
    expect(facade.clock.pendingTimers).toBe(timers + 1)
    facade.clock.advance(10_000)
    const response = await answer
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject(LATE)
    expect(signals[0]?.aborted).toBe(true)
    expect(facade.clock.pendingTimers).toBe(timers)
    expect(await (await served.at('/metrics')).text()).toContain('facade_refusals_total{reason="deadline"} 1')
    // Asked once: going the long way afterwards repeats nothing.
    expect([facade.asked.prices.length, facade.asked.volumes.length]).toEqual([1, 1])
  })

  it.each(ways)('over a WebSocket too: %s', async (_way, isQuick) => {
    const { facade, signals } = await open(isQuick, { OPERATION_DEADLINE_SECONDS: '3' })
    const reader = new RawReader(served.wsUrl)
    await reader.isReady
    const timers = facade.clock.pendingTimers
    reader.socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: QUERY } }))
    await expect.poll(() => signals.length).toBe(1)
    facade.clock.advance(3_000)
    await expect.poll(() => reader.messages.map(({ type }) => type)).toEqual(['next', 'complete'])
    expect(reader.messages[0]?.payload).toMatchObject(LATE)
    expect(signals[0]?.aborted).toBe(true)
    expect(facade.clock.pendingTimers).toBe(timers)
    reader.socket.terminate()
  })

  it.each(ways)(
    'is given up when its asker completes it, and when the socket goes: %s',
    async (_way, isQuick) => {
      const { facade, signals } = await open(isQuick)
      const reader = new RawReader(served.wsUrl)
      await reader.isReady
      const timers = facade.clock.pendingTimers
      for (const id of ['1', '2'])
        reader.socket.send(JSON.stringify({ id, type: 'subscribe', payload: { query: QUERY } }))
      await expect.poll(() => signals.length).toBe(2)
      reader.socket.send('{"id":"1","type":"complete"}')
      await expect.poll(() => signals[0]?.aborted).toBe(true)
      expect(signals[1]?.aborted).toBe(false)
      expect(facade.clock.pendingTimers).toBe(timers + 1)
      reader.socket.terminate()
      await once(reader.socket, 'close')
      await expect.poll(() => signals[1]?.aborted).toBe(true)
      expect(facade.clock.pendingTimers).toBe(timers)
      expect(reader.messages).toEqual([])
    },
  )

  it.each(ways)('is given up when the asker over HTTP hangs up: %s', async (_way, isQuick) => {
    const { facade, signals } = await open(isQuick)
    const timers = facade.clock.pendingTimers
    const asker = new AbortController()
    const call = fetch(served.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: QUERY }),
      signal: asker.signal,
    }).catch(() => 'gone')
    await expect.poll(() => signals.length).toBe(1)
    asker.abort()
    expect(await call).toBe('gone')
    await expect.poll(() => signals[0]?.aborted).toBe(true)
    expect(facade.clock.pendingTimers).toBe(timers)
  })
})
