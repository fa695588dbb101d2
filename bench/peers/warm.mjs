/**
 * The same hundred prices from the same prepared entries, as most would serve them. BENCH_PEER: yoga, cache (Yoga with
 * its response cache), mercurius (with its JIT), bytes (the prepared answer, nothing computed). With BENCH_REDIS the
 * entries stand in Redis as JSON and are read with one MGET.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { useResponseCache } from '@graphql-yoga/plugin-response-cache'
import DataLoader from 'dataloader'
import Fastify from 'fastify'
import { createYoga } from 'graphql-yoga'
import mercurius from 'mercurius'
import { peerSchema } from './schema.mjs'

const answer = readFileSync(process.env.BENCH_ANSWER, 'utf8')
const { markets } = JSON.parse(answer).data
const prices = new Map(markets.map(({ symbol, price }) => [`price:${symbol}`, price]))
const redis = process.env.BENCH_REDIS ? await fill(process.env.BENCH_REDIS) : null

async function fill(url) {
  const { Redis } = await import('ioredis')
  const client = new Redis(url)
  for (const [key, price] of prices) await client.set(key, JSON.stringify(price))
  return client
}

const load = async (keys) =>
  redis === null
    ? keys.map((key) => prices.get(key) ?? null)
    : (await redis.mget(keys)).map((text) => (text === null ? null : JSON.parse(text)))
const createContext = () => ({ loader: new DataLoader(load) })
const schema = peerSchema(() => undefined, {
  markets: (_, { symbols }) => symbols.map((symbol) => ({ symbol })),
})
schema.getType('DateTime').serialize = (at) => at
schema.getType('Market').getFields().price.resolve = ({ symbol }, _, { loader }) =>
  loader.load(`price:${symbol}`)

const ready = (port) => process.stdout.write(`${JSON.stringify({ service: port })}\n`)
const listen = (server) => server.listen(0, '127.0.0.1', 4096, () => ready(server.address().port))

switch (process.env.BENCH_PEER) {
  case 'mercurius': {
    const app = Fastify({ logger: false })
    app.register(mercurius, { schema, jit: 1, context: createContext, path: '/graphql' })
    await app.listen({ port: 0, host: '127.0.0.1' })
    ready(app.server.address().port)
    break
  }
  case 'bytes': {
    const bytes = Buffer.from(answer)
    listen(
      createServer((request, response) => {
        request.resume()
        request.on('end', () => {
          response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length })
          response.end(bytes)
        })
      }),
    )
    break
  }
  default: {
    const plugins =
      process.env.BENCH_PEER === 'cache' ? [useResponseCache({ session: () => null, ttl: 60_000 })] : []
    listen(
      createServer(createYoga({ schema, context: createContext, plugins, graphiql: false, logging: false })),
    )
  }
}
