import { request } from 'node:http'
import fc from 'fast-check'
import { getIntrospectionQuery } from 'graphql'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { buildSchema } from '../../src/graphql/schema.ts'
import { createDocuments } from '../../src/server/documents.ts'
import { exampleOperations } from '../../src/server/graphiql.ts'
import { createGuard } from '../../src/server/guard.ts'
import { stillFacade } from '../support/facade.ts'
import { BOMBS } from './bombs.ts'
import { serveProtected } from './protected.ts'
import type { ProtectedServer } from './protected.ts'

let served: ProtectedServer
beforeAll(async () => {
  served = await serveProtected()
})
afterAll(() => served.stop())

interface Answered {
  readonly errors?: readonly { readonly message: string; readonly extensions: Record<string, unknown> }[]
  readonly data?: unknown
}
const codesOf = async (response: Response): Promise<readonly unknown[]> =>
  ((await response.json()) as Answered).errors?.map(({ extensions }) => extensions['code']) ?? []

async function overSocket(url: string, payload: { query: string; variables?: Record<string, unknown> }) {
  const client = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0 })
  try {
    for await (const result of client.iterate(payload)) return result
    return null
  } catch (error) {
    return { errors: error as Answered['errors'] }
  } finally {
    await client.dispose()
  }
}

describe('R30: a document made to cost dearly', () => {
  it.each(Object.entries(BOMBS))('is refused by POST before anything is asked: %s', async (_name, query) => {
    const response = await served.post({ query })
    expect(response.status).toBe(query.length > 100_000 ? 413 : 400)
    if (response.status === 400) expect(await codesOf(response)).toEqual(['QUERY_TOO_COMPLEX'])
    expect(served.asked()).toBe(0)
  })

  it.each(Object.entries(BOMBS).filter(([, query]) => encodeURIComponent(query).length < 12_000))(
    'is refused by GET and as server-sent events: %s',
    async (_name, query) => {
      const url = `${served.url}?query=${encodeURIComponent(query)}`
      const byGet = await fetch(url)
      expect([byGet.status, await codesOf(byGet)]).toEqual([400, ['QUERY_TOO_COMPLEX']])
      const streamed = await served.post({ query }, { accept: 'text/event-stream' })
      expect(streamed.status).toBe(400)
      expect(await streamed.text()).toContain('QUERY_TOO_COMPLEX')
      expect(served.asked()).toBe(0)
    },
  )

  it.each(Object.entries(BOMBS).filter(([, query]) => query.length < 60_000))(
    'is refused over WebSocket: %s',
    async (_name, query) => {
      expect(await overSocket(served.wsUrl, { query })).toMatchObject({
        errors: [{ extensions: { code: 'QUERY_TOO_COMPLEX', retryable: false } }],
      })
      expect(served.asked()).toBe(0)
    },
  )

  it('is told by its variables, too: the same document passes with few candles and not with many', async () => {
    const selection = ['open', 'high', 'low', 'close']
      .map((part) => `${part} { used { source value } }`)
      .join(' ')
    const query = `query ($last: Int!) { klines(symbol: "BTC-USD", interval: M1, last: $last) { nodes { reconciliation { ${selection} } } } }`
    expect((await served.post({ query, variables: { last: 100 } })).status).toBe(200)
    const asked = served.asked()
    for (const response of [
      await served.post({ query, variables: { last: 5000 } }),
      await fetch(
        `${served.url}?query=${encodeURIComponent(query)}&variables=${encodeURIComponent('{"last":5000}')}`,
      ),
    ]) {
      expect([response.status, await codesOf(response)]).toEqual([400, ['QUERY_TOO_COMPLEX']])
    }
    expect(await overSocket(served.wsUrl, { query, variables: { last: 5000 } })).toMatchObject({
      errors: [{ extensions: { code: 'QUERY_TOO_COMPLEX', limit: 60_000 } }],
    })
    const subscription = `subscription ($symbols: [Symbol!]!) { prices(symbols: $symbols) { ${Array.from({ length: 12 }, (_, index) => `p${index}: price { reconciliation { used { source value deviationPercent } } }`).join(' ')} } }`
    const symbols = Array.from({ length: 400 }, () => 'BTC-USD')
    expect(await overSocket(served.wsUrl, { query: subscription, variables: { symbols } })).toMatchObject({
      errors: [{ extensions: { code: 'QUERY_TOO_COMPLEX' } }],
    })
    const streamed = await served.post(
      { query: subscription, variables: { symbols } },
      { accept: 'text/event-stream' },
    )
    expect(await streamed.text()).toContain('QUERY_TOO_COMPLEX')
    expect(served.asked()).toBe(asked)
  })

  it('does not catch what frontends and GraphiQL ask', async () => {
    const introspection = getIntrospectionQuery({
      descriptions: true,
      specifiedByUrl: true,
      directiveIsRepeatable: true,
      schemaDescription: true,
      inputValueDeprecation: true,
      oneOf: true,
    })
    expect(await codesOf(await served.post({ query: introspection }))).toEqual([])
    for (const { query, variables } of exampleOperations().filter(
      (each) => !each.query.includes('subscription '),
    )) {
      expect(await codesOf(await served.post({ query, variables }))).not.toContain('QUERY_TOO_COMPLEX')
    }
  })

  it('is weighed in time that grows with its length, however its fragments are spread', () => {
    const guard = createGuard({ schema: buildSchema() })
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(20), fc.nat(20)), { minLength: 1, maxLength: 20 }), (spreads) => {
        const text = spreads.map(
          ([a, b], index) => `fragment f${index} on Query { ...f${a} ...f${b} symbols }`,
        )
        const document = guard.parse(`{ ...f0 } ${text.join(' ')}`)
        expect(Array.isArray(guard.check(document))).toBe(true)
      }),
      { numRuns: 200 },
    )
  })
})

describe('R31: what is too large', () => {
  const symbols = Array.from({ length: 9_000 }, () => 'BTC-USD')
  it.each([
    ['a body of more than 100 kB', { query: `{ symbols } # ${'x'.repeat(100_000)}` }, 413],
    ['variables of a megabyte', { query: '{ symbols }', variables: { pad: 'x'.repeat(1_000_000) } }, 413],
    [
      'a list of 9,000 symbols',
      {
        query: 'query ($symbols: [Symbol!]!) { markets(symbols: $symbols) { symbol } }',
        variables: { symbols },
      },
      400,
    ],
    ['501 symbols written out', { query: `{ markets(symbols: [${'"A-B" '.repeat(501)}]) { symbol } }` }, 400],
  ])('is refused before anything is asked: %s', async (_what, body, status) => {
    const asked = served.asked()
    const response = await served.post(body)
    expect(response.status).toBe(status)
    expect(await codesOf(response)).toEqual(['BAD_USER_INPUT'])
    expect(served.asked()).toBe(asked)
  })

  it('is refused when nobody says how long it will be', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const call = request(
        served.url,
        { method: 'POST', headers: { 'content-type': 'application/json' } },
        (response) => resolve(response.resume().statusCode),
      )
      call.on('error', reject)
      call.write(`{"query":"{ symbols }","variables":{"pad":"`)
      for (let part = 0; part < 20; part++) call.write('x'.repeat(10_000))
      call.end('"}}')
    })
    expect(status).toBe(413)
  })
})

describe('R32 and R35: what browsers can be made to send, and more than one thing at a time', () => {
  it.each(['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=b'])(
    'is refused: %s',
    async (type) => {
      const body =
        '--b\r\ncontent-disposition: form-data; name="operations"\r\n\r\n{"__proto__":{"polluted":1}}\r\n--b--'
      const response = await served.post(body, { 'content-type': type })
      expect([403, 415]).toContain(response.status)
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    },
  )

  it('is refused: a batch, and a mutation by GET', async () => {
    expect((await served.post([{ query: '{ symbols }' }])).status).toBe(400)
    const response = await fetch(`${served.url}?query=${encodeURIComponent('mutation { a }')}`)
    expect([400, 405]).toContain(response.status)
  })
})

describe('R33: in production', () => {
  let production: ProtectedServer
  beforeAll(async () => {
    production = await serveProtected({ env: { NODE_ENV: 'production' } })
  })
  afterAll(() => production.stop())

  it.each([
    '{ __schema { queryType { name } } }',
    '{ __type(name: "Query") { name } }',
    '{ ...a } fragment a on Query { x: __schema { description } }',
  ])('the schema is not described: %s', async (query) => {
    const response = await production.post({ query })
    expect([response.status, await codesOf(response)]).toEqual([400, ['BAD_USER_INPUT']])
  })

  it('errors do not guess what was meant, and there is no page for people', async () => {
    for (const body of [
      { query: '{ symbol }' },
      { query: '{ market(symbl: "BTC-USD") { symbol } }' },
      { query: '{ klines(symbol: "BTC-USD", interval: H) { pageInfo { hasNextPage } } }' },
      {
        query: 'query ($venue: Venue!) { book(symbol: "BTC-USD", venue: $venue) { mid } }',
        variables: { venue: 'BINANC' },
      },
    ]) {
      const text = await (await production.post(body)).text()
      expect(text).toContain('BAD_USER_INPUT')
      expect(text).not.toMatch(/did you mean/i)
    }
    const page = await fetch(production.url, { headers: { accept: 'text/html' } })
    expect(await page.text()).not.toContain('GraphiQL')
  })

  it('both come back when asked for', async () => {
    const open = await serveProtected({
      env: { NODE_ENV: 'production', INTROSPECTION: 'on', GRAPHIQL: 'on' },
    })
    expect((await open.post({ query: '{ __schema { queryType { name } } }' })).status).toBe(200)
    expect(await (await open.post({ query: '{ symbol }' })).text()).toMatch(/did you mean/i)
    expect(await (await fetch(open.url, { headers: { accept: 'text/html' } })).text()).toContain('GraphiQL')
    await open.stop()
  })
})

describe('R34: a stream of ever new documents', () => {
  it('does not fill the memory', () => {
    const schema = buildSchema()
    const documents = createDocuments({ schema, guard: createGuard({ schema }) })
    for (let index = 0; index < 3_000; index++) documents.prepare(`{ a${index}: symbols }`)
    expect(documents.size()).toBeLessThanOrEqual(1_000)
  })
})

describe('published documents', () => {
  const chosen = async () => {
    const { default: listed } = await import('../../schema/generated/persisted-documents.json', {
      with: { type: 'json' },
    })
    const [id, query] = Object.entries(listed).find(([, text]) => text.startsWith('query Health')) as [
      string,
      string,
    ]
    return { id, hash: id.replace('sha256:', ''), query }
  }

  it.each([true, false])(
    'are answered by hash where anything else is, too or not: allow-list %s',
    async (isList) => {
      const own = await serveProtected({ env: { DOCUMENTS: isList ? 'persisted' : 'any' } })
      const { id, hash, query } = await chosen()
      const extensions = { persistedQuery: { version: 1, sha256Hash: hash } }
      const byGet = `${own.url}?extensions=${encodeURIComponent(JSON.stringify(extensions))}`
      for (const response of [
        await own.post({ extensions }),
        await own.post({ documentId: id }),
        await own.post({ documentId: hash }),
        await own.post({ query }),
        await fetch(byGet),
      ]) {
        expect(response.status).toBe(200)
        expect(await response.json()).toMatchObject({ data: { health: { status: 'DEGRADED' } } })
      }
      const client = createClient({ url: own.wsUrl, webSocketImpl: WebSocket, retryAttempts: 0 })
      for (const payload of [
        { query: '', extensions },
        { query: '', documentId: id },
      ]) {
        const { value } = await client.iterate(payload).next()
        expect(value).toMatchObject({ data: { health: { status: 'DEGRADED' } } })
      }
      const unknown = {
        query: '',
        extensions: { persistedQuery: { version: 1, sha256Hash: '0'.repeat(64) } },
      }
      await expect(client.iterate(unknown).next()).rejects.toMatchObject([
        { message: 'PersistedQueryNotFound' },
      ])
      expect(await (await own.post(unknown)).json()).toMatchObject({
        errors: [{ message: 'PersistedQueryNotFound' }],
      })
      const other = { query: '{ symbols }' }
      expect((await own.post(other)).status).toBe(isList ? 400 : 200)
      const overWs = client.iterate(other).next()
      if (isList) await expect(overWs).rejects.toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }])
      else expect((await overWs).value).toHaveProperty('data.symbols')
      await client.dispose()
      await own.stop()
    },
  )
})

describe('R40: our own faults', () => {
  it('say nothing of what went wrong, a thousand times over', async () => {
    const secret = 'password=hunter2 at /srv/secret.ts:1:1'
    const facade = stillFacade({ warm: { prices: () => Promise.reject(new Error(secret)) } })
    const broken = await serveProtected({ facade })
    const query = '{ market(symbol: "BTC-USD") { price { value } } }'
    for (let round = 0; round < 20; round++) {
      const texts = await Promise.all(
        Array.from({ length: 50 }, async () => (await broken.post({ query })).text()),
      )
      for (const text of texts) {
        expect(text).toContain('INTERNAL_SERVER_ERROR')
        expect(text).not.toMatch(/hunter2|secret|\bat \//)
      }
    }
    // Told, but not a thousand times.
    expect(broken.lines.length).toBeLessThanOrEqual(10)
    await broken.stop()
  })
})

describe('R41: documents and variables nobody would write', () => {
  const word = fc.constantFrom(
    'symbols',
    'market',
    'markets',
    'health',
    '__typename',
    'price',
    'x',
    'on',
    'status',
  )
  const value = fc.constantFrom('1', '"BTC-USD"', '$a', 'null', '[]', '{a:1}', 'M1', '-1e999', '""""""')
  const field: fc.Arbitrary<string> = fc.letrec<{ field: string; set: string }>((tie) => ({
    field: fc
      .tuple(word, fc.option(fc.tuple(word, value)), fc.option(tie('set'), { depthSize: 'small' }))
      .map(
        ([name, argument, set]) => `${name}${argument ? `(${argument[0]}:${argument[1]})` : ''}${set ?? ''}`,
      ),
    set: fc.array(tie('field'), { minLength: 1, maxLength: 3 }).map((fields) => `{${fields.join(' ')}}`),
  })).set
  const text = fc.oneof(
    field,
    field.map((set) => `query($a:Symbol!)${set}`),
    fc.string(),
    fc.string({ unit: 'binary' }),
  )

  it('are never our fault', async () => {
    await fc.assert(
      fc.asyncProperty(
        text,
        fc.option(fc.dictionary(fc.string(), fc.jsonValue())),
        async (query, variables) => {
          const response = await served.post({ query, variables })
          expect(response.status).toBeLessThan(500)
          expect(await response.text()).not.toContain('INTERNAL_SERVER_ERROR')
        },
      ),
      { numRuns: 400 },
    )
  })

  it('nor are bodies that are no request at all', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string()), async (body) => {
        expect((await served.post(body)).status).toBeLessThan(500)
      }),
      { numRuns: 200 },
    )
  })
})
