import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { afterEach, describe, expect, it } from 'vitest'
import { createTracer } from '../../src/server/spans.ts'
import { quietRepeats } from '../../src/server/quiet-log.ts'
import { TestClock } from '../support/clock.ts'
import { stillFacade } from '../support/facade.ts'
import { serveProtected } from './protected.ts'
import { RawReader } from './readers.ts'

describe('a log', () => {
  it('is not filled by the same words again and again, and says how many it held back', () => {
    const clock = new TestClock()
    const lines: Record<string, unknown>[] = []
    const logger = pino(
      { hooks: quietRepeats(clock) },
      { write: (line: string) => void lines.push(JSON.parse(line)) },
    )
    for (let count = 0; count < 1_000; count++) logger.warn({ count }, 'the same')
    logger.warn('another')
    expect(lines.map(({ msg, count }) => [msg, count])).toEqual([
      ['the same', 0],
      ['the same', 1],
      ['the same', 2],
      ['the same', 3],
      ['the same', 4],
      ['another', undefined],
    ])
    clock.advance(10_000)
    logger.warn({ count: 1_000 }, 'the same')
    expect(lines.at(-1)).toMatchObject({ msg: 'the same', count: 1_000, heldBack: 995 })
  })
})

describe('traces', () => {
  interface Trace {
    readonly resourceSpans: readonly {
      readonly resource: { readonly attributes: readonly unknown[] }
      readonly scopeSpans: readonly { readonly spans: readonly Record<string, unknown>[] }[]
    }[]
  }
  const received: Trace[] = []
  let status = 200
  const collector = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      if (request.url === '/v1/traces') received.push(JSON.parse(Buffer.concat(chunks).toString()) as Trace)
      response.writeHead(status).end('{}')
    })
  })
  const listening = new Promise<string>((resolve) =>
    collector.listen(0, '127.0.0.1', () =>
      resolve(`http://127.0.0.1:${(collector.address() as AddressInfo).port}`),
    ),
  )
  afterEach(() => void received.splice(0))

  it('reach a collector, each request under the trace its asker began', async () => {
    const endpoint = await listening
    const facade = stillFacade()
    const served = await serveProtected({
      facade,
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SERVICE_NAME: 'desk' },
    })
    const [trace, parent] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331']
    await served.post(
      { query: '{ symbols }' },
      { traceparent: `00-${trace}-${parent}-01`, 'x-request-id': 'ticket-4711' },
    )
    await served.post({ query: '{ symbols }' }, { traceparent: 'nonsense' })
    await served.protection.tracer?.flush()
    await expect.poll(() => served.protection.tracer?.counts).toEqual({ sent: 2, dropped: 0 })
    const spans = received.flatMap(({ resourceSpans }) => resourceSpans[0]?.scopeSpans[0]?.spans ?? [])
    expect(received[0]?.resourceSpans[0]?.resource.attributes).toEqual([
      { key: 'service.name', value: { stringValue: 'desk' } },
    ])
    expect(spans[0]).toMatchObject({
      traceId: trace,
      parentSpanId: parent,
      name: 'POST /graphql',
      kind: 2,
      status: {},
    })
    expect(spans[0]?.['attributes']).toEqual(
      expect.arrayContaining([
        { key: 'request_id', value: { stringValue: 'ticket-4711' } },
        { key: 'http.response.status_code', value: { doubleValue: 200 } },
      ]),
    )
    expect(spans[1]?.['traceId']).toMatch(/^[0-9a-f]{32}$/)
    expect(spans[1]).not.toHaveProperty('parentSpanId')
    await served.stop()
  })

  it('tell of each operation on a socket: what it was, whose, and how it ended', async () => {
    const endpoint = await listening
    const facade = stillFacade()
    const served = await serveProtected({ facade, env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } })
    const reader = new RawReader(served.wsUrl)
    await reader.isReady
    const ask = (id: string, payload: object) =>
      reader.socket.send(JSON.stringify({ id, type: 'subscribe', payload }))
    const ended = () =>
      reader.messages.filter(({ type }) => type !== 'next').map(({ id, type }) => [id, type])
    const [trace, parent] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331']
    ask('1', { query: 'query Names { symbols }', extensions: { traceparent: `00-${trace}-${parent}-01` } })
    await expect.poll(ended).toEqual([['1', 'complete']])
    ask('2', { query: '{ nonsense }' })
    await expect.poll(ended).toContainEqual(['2', 'error'])
    ask('3', { query: 'subscription { prices(symbols: ["BTC-USD"]) { symbol } }' })
    ask('4', { query: 'subscription { trades(symbols: ["BTC-USD"]) { id } }' })
    await expect.poll(() => served.subscriptions()).toBe(2)
    reader.socket.send('{"id":"3","type":"complete"}')
    await expect.poll(() => served.subscriptions()).toBe(1)
    reader.socket.terminate()
    await expect.poll(() => served.subscriptions()).toBe(0)
    await served.protection.tracer?.flush()
    const spans = received.flatMap(({ resourceSpans }) => resourceSpans[0]?.scopeSpans[0]?.spans ?? [])
    const facts = spans.map(({ attributes }) =>
      Object.fromEntries(
        (attributes as { key: string; value: { stringValue: string } }[]).map(({ key, value }) => [
          key,
          value.stringValue,
        ]),
      ),
    )
    expect(spans.map(({ name }) => name)).toEqual(Array(4).fill('WS /graphql'))
    expect(spans[0]).toMatchObject({ traceId: trace, parentSpanId: parent })
    expect(facts).toMatchObject([
      { 'graphql.operation.type': 'query', 'graphql.operation.name': 'Names' },
      { 'graphql.operation.type': 'query', 'error.type': 'BAD_USER_INPUT' },
      { 'graphql.operation.type': 'subscription' },
      { 'graphql.operation.type': 'subscription' },
    ])
    expect(new Set(facts.map((each) => each['connection_id'])).size).toBe(1)
    expect(new Set(facts.map((each) => each['request_id'])).size).toBe(4)
    await served.stop()
  })

  it('are dropped and counted when nobody takes them, never held without bound', async () => {
    const endpoint = await listening
    const clock = new TestClock()
    const tracer = createTracer({ endpoint, service: 'x', clock })
    status = 503
    for (let count = 0; count < 3_000; count++) tracer.start('a').end()
    await tracer.flush()
    expect(tracer.counts).toEqual({ sent: 0, dropped: 3_000 })
    await tracer.close()
    await new Promise((resolve) => collector.close(resolve))
    const alone = createTracer({ endpoint, service: 'x', clock })
    alone.start('a').end()
    await alone.close()
    expect(alone.counts).toEqual({ sent: 0, dropped: 1 })
  })
})
