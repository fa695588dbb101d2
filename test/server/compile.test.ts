import fc from 'fast-check'
import { execute, getNamedType, isCompositeType, isInputObjectType, parse } from 'graphql'
import type { GraphQLObjectType } from 'graphql'
import { describe, expect, it } from 'vitest'
import { buildSchema, createContext } from '../../src/graphql/schema.ts'
import { createDocuments } from '../../src/server/documents.ts'
import { createExecution } from '../../src/server/execution.ts'
import { exampleOperations } from '../../src/server/graphiql.ts'
import { TestClock } from '../support/clock.ts'
import { stillFacade } from '../support/facade.ts'

const schema = buildSchema()
const documents = createDocuments({ schema })
const facade = stillFacade()
const execution = createExecution({ schema, documents, clock: new TestClock(), onServed: () => undefined })
const contextOf = () =>
  createContext({ facade, requestId: 'r', principal: null, signal: new AbortController().signal })

const quick = (query: string, variables: Record<string, unknown> = {}) =>
  execution.query({ query, operationName: null, variables, context: contextOf() })

async function reference(query: string, variables: Record<string, unknown> = {}) {
  const result = await execute({
    schema,
    document: parse(query),
    variableValues: variables,
    contextValue: contextOf(),
  })
  return JSON.parse(JSON.stringify(result)) as unknown
}

/** What `health` calls now differs between two calls; everything else must be equal. */
const steady = (answer: unknown): unknown =>
  JSON.parse(JSON.stringify(answer, (key, value: unknown) => (key === 'checkedAt' ? null : value)))

describe('compiled queries', () => {
  const queries = exampleOperations().filter(({ query }) => /^\s*query\b/m.test(query))

  it.each(queries.map((operation) => [operation.name, operation] as const))(
    'answers %s exactly as graphql-js does',
    async (_name, { query, variables }) => {
      const expected = await reference(query, variables)
      const text = await quick(query, variables)
      if ('errors' in (expected as object)) expect(text).toBeNull()
      else expect(steady(JSON.parse(text ?? 'null'))).toEqual(steady(expected))
    },
  )

  it('keeps the order of the document, aliases, fragments and switches', async () => {
    const query = `query Q($yes: Boolean!, $no: Boolean!, $s: [Symbol!]!) {
      b: markets(symbols: $s) { ...M quote @skip(if: $yes) base @include(if: $no) symbol }
      a: symbols
    }
    fragment M on Market { __typename symbol price { ... on Reconciled { value } attribution { text } value } p2: price { value } }`
    for (const yes of [true, false]) {
      const variables = { yes, no: !yes, s: ['BTC-USD', 'ETH-USD'] }
      const text = await quick(query, variables)
      expect(text).toBe(JSON.stringify(await reference(query, variables)))
    }
  })

  it('leaves errors, introspection and bad variables to graphql-js', async () => {
    expect(await quick('{ markets(symbols: ["NO-SUCH"]) { symbol } }')).toBeNull()
    expect(await quick('{ __schema { queryType { name } } }')).toBeNull()
    expect(await quick('query Q($s: Symbol!) { market(symbol: $s) { symbol } }', { s: 'bad' })).toBeNull()
    expect(await quick('{ nothing }')).toBeNull()
    expect(await quick('{ symbols')).toBeNull()
  })

  it('writes ASCII alone, whatever a text holds', async () => {
    const text = await quick('{ market(symbol: "BTC-USD") { price { attribution { text } } } }')
    expect(text).toMatch(/^[\x20-\x7e]*$/)
  })

  it('agrees with graphql-js on any selection of a market', async () => {
    const type = schema.getType('Market') as GraphQLObjectType
    await fc.assert(
      fc.asyncProperty(selectionOf(type, 3), async (selection) => {
        const query = `{ markets(symbols: ["BTC-USD", "ETH-USD"]) ${selection} }`
        const expected = await reference(query)
        const text = await quick(query)
        if ('errors' in (expected as object)) expect(text).toBeNull()
        else expect(text).toBe(JSON.stringify(expected))
      }),
      { numRuns: 150 },
    )
  })
})

/** A random, valid selection set: some fields, some aliased, some behind fragments, `__typename` now and then. */
function selectionOf(type: GraphQLObjectType, depth: number): fc.Arbitrary<string> {
  const fields = Object.values(type.getFields()).filter(
    (field) => depth > 0 || !isCompositeType(getNamedType(field.type)),
  )
  const asked = fields.map((field) => {
    const args = field.args.filter(
      (arg) =>
        arg.type.toString().endsWith('!') && arg.defaultValue === undefined && arg.default === undefined,
    )
    const call =
      args.length === 0
        ? ''
        : `(${args.map((arg) => `${arg.name}: ${sample(arg.type.toString())}`).join(', ')})`
    const named = getNamedType(field.type)
    if (isInputObjectType(named)) return fc.constant('')
    const below = isCompositeType(named)
      ? selectionOf(named as GraphQLObjectType, depth - 1)
      : fc.constant('')
    return fc
      .record({ below, alias: fc.boolean(), fragment: fc.boolean() })
      .map(({ below: inner, alias, fragment }) => {
        const text = `${alias ? `x_${field.name}: ` : ''}${field.name}${call} ${inner}`
        return fragment ? `... on ${type.name} { ${text} }` : text
      })
  })
  return fc
    .tuple(fc.boolean(), ...asked.map((each) => fc.option(each, { nil: '' })))
    .map(([hasName, ...parts]) => {
      const some = parts.filter((part) => part !== '')
      return `{ ${hasName || some.length === 0 ? '__typename ' : ''}${some.join(' ')} }`
    })
}

const sample = (type: string): string =>
  ({ 'Venue!': 'COINBASE', 'DerivativesVenue!': 'BINANCE', 'Source!': 'KRAKEN' })[type] ?? '1'
