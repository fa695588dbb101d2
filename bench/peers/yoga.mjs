/** What most would build: Yoga with its own pub/sub, graphql-ws beside it, nothing shared. */
import { createServer } from 'node:http'
import { createPubSub, createYoga } from 'graphql-yoga'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'
import { bookEvent } from '../support/event.mjs'
import { startSource } from '../support/source.mjs'
import { peerSchema } from './schema.mjs'

const symbols = JSON.parse(process.env.BENCH_SYMBOLS ?? '["BTC-USD"]')
const pubSub = createPubSub()
const schema = peerSchema(({ symbol }) => pubSub.subscribe(symbol))
const yoga = createYoga({ schema, graphiql: false, logging: false })
const server = createServer(yoga)
const sockets = new WebSocketServer({ server, path: '/graphql' })
useServer(
  {
    execute: (args) => args.rootValue.execute(args),
    subscribe: (args) => args.rootValue.subscribe(args),
    onSubscribe: async (ctx, _id, payload) => {
      const {
        schema: own,
        execute,
        subscribe,
        contextFactory,
        parse,
        validate,
      } = yoga.getEnveloped({ ...ctx, req: ctx.extra.request, socket: ctx.extra.socket, params: payload })
      const args = {
        schema: own,
        operationName: payload.operationName,
        document: parse(payload.query),
        variableValues: payload.variables,
        contextValue: await contextFactory(),
        rootValue: { execute, subscribe },
      }
      const errors = validate(args.schema, args.document)
      return errors.length > 0 ? errors : args
    },
  },
  sockets,
)
server.listen(0, '127.0.0.1', 4096, () =>
  startSource(server.address().port, (n) => {
    for (const symbol of symbols) pubSub.publish(symbol, bookEvent(symbol, n))
  }),
)
