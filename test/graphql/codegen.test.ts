import { readFileSync } from 'node:fs'
import { buildSchema as schemaFromText, parse, printSchema, validate } from 'graphql'
import { describe, expect, it } from 'vitest'
import { undeclaredBreaks } from '../../codegen.ts'
import * as documents from '../../schema/generated/graphql.ts'
import { buildSchema } from '../../src/graphql/schema.ts'
import { exampleOperations } from '../../src/server/graphiql.ts'

const BEFORE = 'type Query { price: String  volume: String }'
const AFTER = 'type Query { price: String! }'

describe('the printed schema', () => {
  it('is what the code makes', () => {
    expect(readFileSync('schema/schema.graphql', 'utf8')).toBe(`${printSchema(buildSchema())}\n`)
  })

  it('does not break clients unless that is declared', () => {
    expect(undeclaredBreaks(BEFORE, BEFORE, '')).toEqual([])
    expect(undeclaredBreaks(BEFORE, AFTER, '')).toEqual(['Field Query.volume was removed.'])
    expect(undeclaredBreaks(BEFORE, AFTER, '- Field Query.volume was removed. Ask `price`.')).toEqual([])
  })
})

describe('the documents a frontend would write', () => {
  const schema = schemaFromText(readFileSync('schema/schema.graphql', 'utf8'))
  const operations = exampleOperations()

  it('are valid, and typed under their own names', () => {
    expect(operations.flatMap(({ query }) => validate(schema, parse(query)))).toEqual([])
    const names = operations.map(({ query }) => `${/(?:query|subscription) (\w+)/.exec(query)?.[1]}Document`)
    expect(names.filter((name) => !(name in documents))).toEqual([])
  })

  it('begin with the ones worth a look first', () => {
    expect(operations.slice(0, 3).map(({ name }) => name)).toEqual(['watchlist', 'why-this-price', 'chart'])
  })
})
