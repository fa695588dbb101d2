/** graphql-js and graphql-ws, or (BENCH_JIT=1) graphql-jit in graphql-js' place; one execution per reader. */
import { createServer } from 'node:http'
import { compileQuery } from 'graphql-jit'
import { execute, parse, subscribe, validate } from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'
import { bookEvent } from '../support/event.mjs'
import { startSource } from '../support/source.mjs'
import { peerSchema } from './schema.mjs'
import { topic } from './topic.mjs'

const symbols = JSON.parse(process.env.BENCH_SYMBOLS ?? '["BTC-USD"]')
const topics = new Map(symbols.map((symbol) => [symbol, topic()]))
const schema = peerSchema(({ symbol }) => topics.get(symbol).subscribe())
const server = createServer()
const compiled = new Map()
const documents = new Map()
const options = process.env.BENCH_JIT
  ? {
      onSubscribe: (_ctx, _id, payload) => {
        let entry = documents.get(payload.query)
        if (!entry) documents.set(payload.query, (entry = parse(payload.query)))
        return {
          schema,
          document: entry,
          operationName: payload.operationName,
          variableValues: payload.variables,
        }
      },
      subscribe: (args) => {
        let query = compiled.get(args.document)
        if (!query) compiled.set(args.document, (query = compileQuery(schema, args.document)))
        return query.subscribe(args.rootValue, args.contextValue, args.variableValues)
      },
      execute,
    }
  : { schema, execute, subscribe, validate }
useServer(options, new WebSocketServer({ server, path: '/graphql' }))
server.listen(0, '127.0.0.1', 4096, () =>
  startSource(server.address().port, (n) => {
    for (const symbol of symbols) topics.get(symbol).publish(bookEvent(symbol, n))
  }),
)
