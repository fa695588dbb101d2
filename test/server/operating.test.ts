import { request } from 'node:http'
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { Clock } from '../../src/domain/clock.ts'
import { answered } from '../../src/domain/errors.ts'
import { health, price, stillFacade, trade } from '../support/facade.ts'
import type { StillFacade } from '../support/facade.ts'
import { serve } from './serve.ts'
import { serveProtected } from './protected.ts'
import type { ProtectedServer } from './protected.ts'

let served: ProtectedServer
afterEach(() => served.stop())

const QUERY = { query: '{ symbols }' }

describe('readiness', () => {
  const ready = async (): Promise<[number, unknown]> => {
    const response = await served.at('/readyz')
    return [response.status, await response.json()]
  }

  it('takes as many live venues as the operator asks for, and says how many there are', async () => {
    served = await serveProtected({ env: { MIN_LIVE_VENUES: '1' } })
    expect(await ready()).toEqual([200, { status: 'DEGRADED' }])
    await served.stop()
    served = await serveProtected({ env: { MIN_LIVE_VENUES: '2' } })
    expect(await ready()).toEqual([503, { status: 'DEGRADED', reasons: ['1 of at least 2 venues live'] }])
    expect((await served.at('/healthz')).status).toBe(200)
  })

  it('takes the store only where it was asked for', async () => {
    const away = { ...health(), cache: { ...health().cache, isConnected: false } }
    const facade: StillFacade = { ...stillFacade(), health: () => away }
    served = await serveProtected({ facade })
    expect((await ready())[0]).toBe(200)
    await served.stop()
    served = await serveProtected({ facade, env: { REQUIRE_REDIS: 'on' } })
    expect(await ready()).toEqual([503, { status: 'DEGRADED', reasons: ['the store is away'] }])
  })

  it('ends first when the server leaves', async () => {
    const late = Promise.withResolvers<void>()
    const facade = stillFacade({
      warm: {
        prices: async (requests) => {
          await late.promise
          return requests.map(({ symbol }) => answered(price(symbol)))
        },
      },
    })
    served = await serveProtected({ facade })
    const kept = connect(served.port, '127.0.0.1')
    const answer = served.post({ query: '{ market(symbol: "BTC-USD") { price { value } } }' })
    await expect.poll(() => facade.asked.prices.length).toBe(1)
    const gone = served.close()
    let said = ''
    kept.on('data', (data) => (said += data.toString()))
    kept.write('GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
    await expect.poll(() => said).toContain('503')
    expect(said).toContain('"reasons":["draining"]')
    late.resolve()
    expect((await answer).status).toBe(200)
    await gone
  })
})

describe('R46: an event loop that is late', () => {
  /** Time passes without any timer getting to run. */
  const stuck = (facade: StillFacade): Clock & { lateMs: number } => {
    const { clock } = facade
    return {
      lateMs: 0,
      now: () => clock.now(),
      monotonic() {
        return clock.monotonic() + this.lateMs
      },
      after: (ms, run) => clock.after(ms, run),
      every: (ms, run) => clock.every(ms, run),
    }
  }

  it('sheds new requests and says when to come back, until it is on time again', async () => {
    const facade = stillFacade()
    const clock = stuck(facade)
    served = await serveProtected({ facade, clock })
    expect((await served.post(QUERY)).status).toBe(200)
    // One long task is no overload; to be late look after look is.
    const lateAgain = (): void => {
      clock.lateMs += 1_000
      facade.clock.advance(100)
    }
    lateAgain()
    expect((await served.post(QUERY)).status).toBe(200)
    lateAgain()
    lateAgain()
    const shed = await served.post(QUERY)
    expect([shed.status, shed.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await shed.json()).toMatchObject({
      errors: [{ extensions: { code: 'RATE_LIMITED', retryable: true } }],
    })
    // Whoever looks after us is told the truth meanwhile.
    expect((await served.at('/healthz')).status).toBe(200)
    expect(await (await served.at('/metrics')).text()).toMatch(/^facade_event_loop_late_seconds 1$/m)
    facade.clock.advance(100)
    expect((await served.post(QUERY)).status).toBe(200)
    expect(served.protection.counters.refusals.get('overload')).toBe(1)
  })
})

describe('/metrics', () => {
  it('counts sources, cache, sockets, answers and deliveries', async () => {
    served = await serveProtected()
    await served.post(QUERY)
    await served.post({ query: '{' }, { accept: 'application/graphql-response+json' })
    const socket = new WebSocket(served.wsUrl, 'graphql-transport-ws')
    const heard: string[] = []
    socket.on('message', (data) => heard.push(String(data)))
    await new Promise((resolve) => socket.once('open', resolve))
    socket.send('{"type":"connection_init"}')
    await expect.poll(() => heard.length).toBe(1)
    socket.send(
      '{"id":"1","type":"subscribe","payload":{"query":"subscription { trades(symbols: [\\"BTC-USD\\"]) { id } }"}}',
    )
    await expect.poll(() => served.subscriptions()).toBe(1)
    served.facade.topics.trades.publish(trade(1))
    await expect.poll(() => heard.length).toBe(2)
    const response = await served.at('/metrics')
    expect(response.headers.get('content-type')).toContain('text/plain')
    const text = await response.text()
    for (const line of [
      'facade_source_up{source="KRAKEN"} 1',
      'facade_source_up{source="COINGECKO"} 0',
      'facade_source_circuit_open{source="COINGECKO"} 1',
      'facade_source_quota_remaining{source="COINGECKO"} 0',
      'facade_stream_connected{source="KRAKEN"} 1',
      'facade_stream_messages_total{source="KRAKEN"} 3000000000',
      'facade_stream_gaps_total{source="KRAKEN"} 1',
      'facade_stream_malformed_total{source="KRAKEN"} 0',
      'facade_cache_hits_total{class="prices_hot"} 0',
      'facade_cache_connected 1',
      'facade_snapshots_written_total 12',
      'facade_sockets 1',
      'facade_operations_total 1',
      'facade_subscriptions 1',
      'facade_executions_total 1',
      'facade_deliveries_total 1',
      'facade_http_answers_total{status="200"} 1',
      'facade_http_answers_total{status="400"} 1',
    ]) {
      expect(text.split('\n')).toContain(line)
    }
    socket.terminate()
  })

  it('is not there where it was switched off', async () => {
    served = await serveProtected({ env: { METRICS: 'off' } })
    expect((await served.at('/metrics')).status).toBe(404)
  })
})

describe('R37: peers who never finish their headers', () => {
  it('are let go of, and others are served meanwhile', async () => {
    served = await serveProtected()
    const slow = Array.from({ length: 200 }, () => connect(served.port, '127.0.0.1'))
    const gone = slow.map((socket) => {
      socket.on('error', () => undefined)
      socket.on('data', () => undefined)
      socket.write('POST /graphql HTTP/1.1\r\nhost: x\r\nx-a: ')
      return new Promise((resolve) => socket.once('close', resolve))
    })
    expect((await served.post(QUERY)).status).toBe(200)
    await Promise.all(gone)
    expect((await served.post(QUERY)).status).toBe(200)
  })
})

describe('R38: an asker who hangs up', () => {
  it.each([
    ['the quick way', {}],
    ['the long way', { accept: 'text/event-stream;q=0.1, application/json' }],
  ])('is noticed by what runs for them, %s', async (_way, headers) => {
    served = await serveProtected()
    const signals: AbortSignal[] = []
    const own = await serve({
      execution: {
        query: ({ context }) => {
          signals.push(context.signal)
          return new Promise(() => undefined)
        },
        connect: () => ({ deliver: () => null, flush: () => undefined }),
      },
    })
    const call = request(own.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
    })
    call.on('error', () => undefined)
    call.end(JSON.stringify(QUERY))
    await expect.poll(() => signals.length).toBe(1)
    expect(signals[0]?.aborted).toBe(false)
    call.destroy()
    await expect.poll(() => signals[0]?.aborted).toBe(true)
    // What never ends is not waited for for ever.
    const gone = own.close(1_000)
    await new Promise((resolve) => setImmediate(resolve))
    own.facade.clock.advance(1_000)
    await gone
  })
})
