/** Our own server, whole, over a facade whose books are published by the bench instead of by venues. */
import pino from 'pino'
import { streamOf, topic } from '../../src/facade/stream.ts'
import type { Book } from '../../src/domain/answer.ts'
import { answered } from '../../src/domain/errors.ts'
import { buildSchema } from '../../src/graphql/schema.ts'
import { createDocuments } from '../../src/server/documents.ts'
import { createExecution } from '../../src/server/execution.ts'
import { useDocuments } from '../../src/server/rules.ts'
import { startServer } from '../../src/server/server.ts'
import { stillFacade } from '../../test/support/facade.ts'
import { realClock as clock } from '../../test/support/real-clock.ts'
import { bookEvent } from '../support/event.mjs'
import { startSource } from '../support/source.mjs'

const symbols: readonly string[] = JSON.parse(process.env['BENCH_SYMBOLS'] ?? '["BTC-USD"]')
const feeds = new Map(symbols.map((symbol) => [symbol, topic<Book>()]))
const still = stillFacade({ symbols })
const facade = {
  ...still,
  hot: {
    ...still.hot,
    book: ({ symbol, maxRate }: { symbol: string; maxRate: number | null }) =>
      answered(
        streamOf<Book>(
          {
            feed: feeds.get(symbol) ?? topic<Book>(),
            backlog: { kind: 'every', capacity: 1_000 },
            keyOf: () => symbol,
            maxRate,
          },
          clock,
        ),
      ),
  },
}
const schema = buildSchema()
const documents = createDocuments({ schema })
const execution = createExecution({ schema, documents, clock, onServed: () => undefined })
const server = await startServer({
  facade,
  config: { port: 0, host: '127.0.0.1' },
  logger: pino({ level: 'silent' }),
  clock,
  schema,
  execution,
  plugins: [useDocuments(documents)],
  hasGraphiql: false,
})
startSource(server.port, (n) => {
  for (const symbol of symbols) feeds.get(symbol)?.publish(bookEvent(symbol, n))
})
