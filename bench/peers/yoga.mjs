/** What most would build: Yoga with its own pub/sub, graphql-ws beside it, nothing shared. */
import { createServer } from 'node:http'
import { createPubSub, createYoga } from 'graphql-yoga'
import { bookEvent } from '../support/event.mjs'
import { startSource } from '../support/source.mjs'
import { peerSchema } from './schema.mjs'
import { serveYoga } from './yoga-socket.mjs'

const symbols = JSON.parse(process.env.BENCH_SYMBOLS ?? '["BTC-USD"]')
const pubSub = createPubSub()
const schema = peerSchema(({ symbol }) => pubSub.subscribe(symbol))
const yoga = createYoga({ schema, graphiql: false, logging: false })
const server = createServer(yoga)
serveYoga(yoga, server)
server.listen(0, '127.0.0.1', 4096, () =>
  startSource(server.address().port, (n) => {
    for (const symbol of symbols) pubSub.publish(symbol, bookEvent(symbol, n))
  }),
)
