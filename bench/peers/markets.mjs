/** Plain Yoga over the same live books: our streams in, its own pub/sub and one execution per reader out. */
import { createServer } from 'node:http'
import { createPubSub, createYoga } from 'graphql-yoga'
import { systemClock } from '../../src/app.ts'
import { createFacade, createTransports } from '../../src/facade/create.ts'
import { aggregators, venues } from '../../src/sources/index.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { peerSchema } from './schema.mjs'
import { serveYoga } from './yoga-socket.mjs'

const config = JSON.parse(process.env.BENCH_CONFIG)
const books = JSON.parse(process.env.BENCH_BOOKS)
const clock = systemClock
const silent = () => undefined
const logger = { debug: silent, info: silent, warn: silent, error: silent }
const transports = createTransports({ config, clock, venues, aggregators })
const store = createMemoryStore({ clock })
const facade = createFacade({
  config,
  clock,
  store,
  venues,
  aggregators,
  transports,
  random: Math.random,
  logger,
})
facade.start()
await facade.settled()

const pubSub = createPubSub()
for (const { venue, symbol } of books) {
  const stream = facade.hot.book({ venue, symbol, depth: 20, maxRate: null })
  if (!stream.ok) throw stream.error
  stream.value.feed.open({ next: (book) => pubSub.publish(`${venue} ${symbol}`, book), end: silent })
}
const schema = peerSchema(({ venue, symbol }) => pubSub.subscribe(`${venue} ${symbol}`))
const yoga = createYoga({ schema, graphiql: false, logging: false })
const server = createServer(yoga)
serveYoga(yoga, server)
server.listen(0, '127.0.0.1', 4096, () =>
  process.stdout.write(`${JSON.stringify({ service: server.address().port })}\n`),
)
