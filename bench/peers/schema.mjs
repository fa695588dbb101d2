/** The peers' schema: the same public SDL with graphql-js defaults, on the graphql version the peers support. */
import { readFileSync } from 'node:fs'
import { buildSchema, GraphQLError } from 'graphql'

export const sdl = readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8')

/** @param {(args: any) => AsyncIterable<any>} bookStream */
export function peerSchema(bookStream, query = {}) {
  const schema = buildSchema(sdl)
  schema.getType('DateTime').serialize = (at) => new Date(at).toISOString()
  const book = schema.getSubscriptionType().getFields().book
  book.subscribe = (_, args) => bookStream(args)
  book.resolve = (event) => event
  for (const [name, resolve] of Object.entries(query))
    schema.getQueryType().getFields()[name].resolve = resolve
  return schema
}

export { GraphQLError }
