/** Mercurius on Fastify with its JIT and its own pub/sub. */
import Fastify from 'fastify'
import mercurius from 'mercurius'
import { bookEvent } from '../support/event.mjs'
import { startSource } from '../support/source.mjs'
import { peerSchema } from './schema.mjs'

const symbols = JSON.parse(process.env.BENCH_SYMBOLS ?? '["BTC-USD"]')
const app = Fastify({ logger: false })
let pubsub
const schema = peerSchema(({ symbol }) => pubsub(symbol))
const book = schema.getSubscriptionType().getFields().book
book.subscribe = (_, { symbol }, { pubsub: own }) => own.subscribe(symbol)
book.resolve = (event) => event
app.register(mercurius, { schema, jit: 1, subscription: true, path: '/graphql' })
await app.listen({ port: 0, host: '127.0.0.1' })
startSource(app.server.address().port, (n) => {
  for (const symbol of symbols) app.graphql.pubsub.publish({ topic: symbol, payload: bookEvent(symbol, n) })
})
