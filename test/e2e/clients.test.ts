/** The clients frontends use, each with one query and one subscription from the typed documents of `schema/generated/`. */
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { Client, fetchExchange, subscriptionExchange } from '@urql/core'
import type { ExecutionResult } from '@urql/core'
import { OperationTypeNode, getOperationAST, print } from 'graphql'
import { createClient as createSseClient } from 'graphql-sse'
import { createClient } from 'graphql-ws'
import { Network, Observable } from 'relay-runtime'
import type { GraphQLResponse, RequestParameters, Variables } from 'relay-runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import {
  ChartDocument,
  LiveLadderDocument,
  LivePricesDocument,
  LiveTradesDocument,
  WatchlistDocument,
} from '../../schema/generated/graphql.ts'
import type { LiveLadderSubscription, LivePricesSubscription } from '../../schema/generated/graphql.ts'
import { openHouse } from '../support/house.ts'
import type { House } from '../support/house.ts'

let house: House
let socket: ReturnType<typeof createClient>
beforeAll(async () => {
  house = await openHouse()
  socket = createClient({ url: house.wsUrl, webSocketImpl: WebSocket })
})
afterAll(async () => {
  await socket.dispose()
  await house.close()
})

const SYMBOLS = { symbols: ['BTC-USD', 'ETH-USD'] }

describe('Apollo Client', () => {
  const apollo = () => {
    const link = ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      new GraphQLWsLink(socket),
      new HttpLink({ uri: house.url }),
    )
    return new ApolloClient({ link, cache: new InMemoryCache() })
  }

  it('reads a watchlist into its cache', async () => {
    const client = apollo()
    const { data, error } = await client.query({ query: WatchlistDocument, variables: SYMBOLS })
    expect(error).toBeUndefined()
    expect(data?.markets.map((market) => market?.symbol)).toEqual(SYMBOLS.symbols)
    expect(client.readQuery({ query: WatchlistDocument, variables: SYMBOLS })).toEqual(data)
    client.stop()
  })

  it('follows prices', async () => {
    const client = apollo()
    const seen = await firstOf<LivePricesSubscription | undefined>(2, (next, fail) => {
      const watched = client.subscribe({ query: LivePricesDocument, variables: SYMBOLS })
      const subscription = watched.subscribe({
        next: ({ data, error }) => (error ? fail(error) : next(data)),
        error: fail,
      })
      return () => subscription.unsubscribe()
    })
    for (const data of seen) expect(data?.prices.price.value).toMatch(/^\d+(\.\d+)?$/)
    client.stop()
  })
})

describe('urql', () => {
  const urql = () =>
    new Client({
      url: house.url,
      preferGetMethod: false,
      exchanges: [
        fetchExchange,
        subscriptionExchange({
          forwardSubscription: ({ query = '', variables }) => ({
            subscribe: (sink) => ({
              unsubscribe: socket.subscribe(
                { query, variables: variables ?? {} },
                {
                  next: (result) => sink.next(result as ExecutionResult),
                  error: (error) => sink.error(error),
                  complete: () => sink.complete(),
                },
              ),
            }),
          }),
        }),
      ],
    })

  it('reads a chart', async () => {
    const variables = { symbol: 'BTC-USD', interval: 'M5', last: 20, before: null } as const
    const { data, error } = await urql().query(ChartDocument, variables).toPromise()
    expect(error).toBeUndefined()
    expect(data?.klines?.nodes).toHaveLength(20)
  })

  it('follows a ladder', async () => {
    const variables = { symbol: 'BTC-USDT', venue: 'OKX', depth: 5, maxRate: null } as const
    const seen = await firstOf<LiveLadderSubscription | undefined>(2, (next, fail) => {
      const subscription = urql()
        .subscription(LiveLadderDocument, variables)
        .subscribe(({ data, error }) => (error ? fail(error) : next(data)))
      return () => subscription.unsubscribe()
    })
    for (const data of seen) expect(data?.book.bids).toHaveLength(5)
  })
})

describe("Relay's network layer", () => {
  const post = async ({ text }: RequestParameters, variables: Variables): Promise<GraphQLResponse> => {
    const response = await fetch(house.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: text, variables }),
    })
    return (await response.json()) as GraphQLResponse
  }
  const listen = ({ text }: RequestParameters, variables: Variables) =>
    Observable.create<GraphQLResponse>((sink) =>
      socket.subscribe(
        { query: text ?? '', variables },
        {
          next: (result) => sink.next(result as GraphQLResponse),
          error: (error) => sink.error(error as Error),
          complete: () => sink.complete(),
        },
      ),
    )
  const requestOf = (document: typeof WatchlistDocument | typeof LiveTradesDocument): RequestParameters => {
    const operation = getOperationAST(document)
    return {
      name: operation?.name?.value ?? '',
      operationKind: operation?.operation === OperationTypeNode.SUBSCRIPTION ? 'subscription' : 'query',
      text: print(document),
      id: null,
      cacheID: operation?.name?.value ?? '',
      metadata: {},
    } as RequestParameters
  }
  const execute = (document: typeof WatchlistDocument | typeof LiveTradesDocument, variables: Variables) =>
    Network.create(post, listen).execute(requestOf(document), variables, {}, null)

  it('reads a watchlist', async () => {
    const answer = await execute(WatchlistDocument, SYMBOLS).toPromise()
    expect(answer).toMatchObject({ data: { markets: [{ symbol: 'BTC-USD' }, { symbol: 'ETH-USD' }] } })
  })

  it('follows trades', async () => {
    const seen = await firstOf<GraphQLResponse>(2, (next, fail) => {
      const subscription = execute(LiveTradesDocument, { symbols: ['BTC-USDT'] }).subscribe({
        next,
        error: fail,
      })
      return () => subscription.unsubscribe()
    })
    for (const event of seen) expect(event).toMatchObject({ data: { trades: { symbol: 'BTC-USDT' } } })
  })
})

describe('graphql-sse', () => {
  it('reads a watchlist and follows prices over HTTP alone', async () => {
    const client = createSseClient({ url: house.url })
    const results: unknown[] = []
    for await (const result of client.iterate({ query: print(WatchlistDocument), variables: SYMBOLS }))
      results.push(result)
    expect(results).toMatchObject([{ data: { markets: [{ symbol: 'BTC-USD' }, { symbol: 'ETH-USD' }] } }])
    const events = client.iterate({ query: print(LivePricesDocument), variables: SYMBOLS })
    for (let count = 0; count < 3; count++) {
      expect((await events.next()).value).toMatchObject({
        data: { prices: { price: { value: expect.any(String) } } },
      })
    }
    await events.return?.()
    client.dispose()
  })

  it("is told what is wrong, in the contract's words", async () => {
    const client = createSseClient({ url: house.url })
    const query = 'subscription { trades(symbols: ["NO-SUCH"]) { id } }'
    const { value } = await client.iterate({ query }).next()
    expect(value).toMatchObject({ errors: [{ extensions: { code: 'UNKNOWN_SYMBOL' } }] })
    client.dispose()
  })
})

interface GraphqlRequest {
  readonly GraphQLClient: new (url: string) => {
    request(document: object, variables: object): Promise<unknown>
  }
}
// Its peers stop at graphql 16, so it is tried only where somebody installed it all the same.
const GRAPHQL_REQUEST = 'graphql-request'
const graphqlRequest = (await import(/* @vite-ignore */ GRAPHQL_REQUEST).catch(
  () => null,
)) as GraphqlRequest | null

describe.runIf(graphqlRequest !== null)('graphql-request', () => {
  it('reads a watchlist, and is told what is wrong', async () => {
    if (graphqlRequest === null) return
    const client = new graphqlRequest.GraphQLClient(house.url)
    expect(await client.request(WatchlistDocument, SYMBOLS)).toMatchObject({
      markets: [{ symbol: 'BTC-USD' }, { symbol: 'ETH-USD' }],
    })
    await expect(client.request(WatchlistDocument, { symbols: ['nonsense'] })).rejects.toMatchObject({
      response: { errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] },
    })
  })
})

/** The first so many values, then the way out. */
function firstOf<T>(
  count: number,
  start: (next: (value: T) => void, fail: (error: unknown) => void) => () => void,
): Promise<readonly T[]> {
  return new Promise((resolve, reject) => {
    const seen: T[] = []
    const stop = start((value) => {
      seen.push(value)
      if (seen.length !== count) return
      resolve(seen)
      // Some clients call back before they have handed out the way to leave.
      queueMicrotask(() => stop())
    }, reject)
  })
}
