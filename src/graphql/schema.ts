/** Puts the nouns together into one executable schema. */
import { isInterfaceType, isObjectType } from 'graphql'
import type { GraphQLSchema } from 'graphql'
import { builder } from './builder.ts'
import './scalars.ts'
import './words.ts'
import './errors.ts'
import './attribution.ts'
import './market.ts'
import './candle.ts'
import './book.ts'
import './trade.ts'
import './snapshot.ts'
import './health.ts'

export { createContext } from './context.ts'
export type { Asker, OperationContext, Principal } from './context.ts'

export function buildSchema(): GraphQLSchema {
  const schema = builder.toSchema({ sortSchema: false })
  leaveReadsToGraphql(schema)
  return schema
}

/** An exposed field reads the property of its own name, which is what no resolver at all means; so it has none. */
function leaveReadsToGraphql(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) && !isInterfaceType(type)) continue
    for (const field of Object.values(type.getFields())) {
      const exposed: unknown = field.extensions['pothosExposedField']
      if (exposed === field.name) field.resolve = undefined
    }
  }
}
