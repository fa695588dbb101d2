import { existsSync, readFileSync } from 'node:fs'
import {
  buildSchema as schemaFromText,
  findBreakingChanges,
  findDangerousChanges,
  isEnumType,
  isInterfaceType,
  isObjectType,
  printType,
  validateSchema,
} from 'graphql'
import type { GraphQLNamedType } from 'graphql'
import { describe, expect, it } from 'vitest'
import { ERROR_CODES } from '../../src/domain/errors.ts'
import { buildSchema } from '../../src/graphql/schema.ts'

const CONTRACT = '../shared/design/contract.graphql'
const ours = buildSchema()

describe('the schema', () => {
  it('is valid', () => {
    expect(validateSchema(ours)).toEqual([])
  })

  it('lists every error code the facade can raise, and no other', () => {
    const codes = ours.getType('ErrorCode')
    if (!isEnumType(codes)) throw new Error('ErrorCode is missing')
    expect(codes.getValues().map(({ name }) => name)).toEqual([...ERROR_CODES])
  })

  it('explains every type, every root field and every error code', () => {
    const silent = Object.values(ours.getTypeMap())
      .filter(
        ({ name }) => !name.startsWith('__') && !['Int', 'Float', 'String', 'Boolean', 'ID'].includes(name),
      )
      .filter(({ description }) => !description)
      .map(({ name }) => name)
    const roots = [ours.getQueryType(), ours.getSubscriptionType()].flatMap((root) =>
      Object.values(root?.getFields() ?? {}),
    )
    expect([...silent, ...roots.filter(({ description }) => !description).map(({ name }) => name)]).toEqual(
      [],
    )
  })

  it('computes nothing in a field that merely reads a property', () => {
    const computed = Object.values(ours.getTypeMap())
      .filter(
        (type) =>
          isObjectType(type) && !type.name.startsWith('__') && !['Query', 'Subscription'].includes(type.name),
      )
      .flatMap((type) =>
        isObjectType(type)
          ? Object.values(type.getFields())
              .filter(({ resolve }) => resolve !== undefined)
              .map(({ name }) => `${type.name}.${name}`)
          : [],
      )
    expect(computed.sort()).toEqual([
      'Market.funding',
      'Market.liquidity',
      'Market.listings',
      'Market.openInterest',
      'Market.price',
      'Market.vadr',
      'Market.volume24h',
    ])
  })
})

describe.runIf(existsSync(CONTRACT))('beside the public contract', () => {
  const contract = schemaFromText(
    existsSync(CONTRACT) ? readFileSync(CONTRACT, 'utf8') : 'type Query { none: ID }',
  )
  const shared = Object.values(contract.getTypeMap()).filter(({ name }) => !name.startsWith('__'))

  it('breaks nothing a client of the contract relies on', () => {
    expect(findBreakingChanges(contract, ours)).toEqual([])
    expect(findDangerousChanges(contract, ours)).toEqual([])
  })

  it('has every type, field, argument, default and enum value with the same nullability', () => {
    for (const type of shared) {
      const own = ours.getType(type.name)
      if (own === undefined) throw new Error(`${type.name} is missing`)
      expect(valuesOf(own)).toEqual(valuesOf(type))
      if (!isObjectType(type) && !isInterfaceType(type)) continue
      if (!isObjectType(own) && !isInterfaceType(own)) throw new Error(`${type.name} changed its kind`)
      expect(own.getInterfaces().map(String)).toEqual(type.getInterfaces().map(String))
      for (const field of Object.values(type.getFields())) {
        const mine = own.getFields()[field.name]
        expect(`${type.name}.${field.name}: ${mine?.type}`).toBe(`${type.name}.${field.name}: ${field.type}`)
        expect(mine?.args.map((arg) => `${arg}: ${arg.type}`).sort()).toEqual(
          field.args.map((arg) => `${arg}: ${arg.type}`).sort(),
        )
      }
    }
  })

  it('explains wherever the contract explains, in its own sentences', () => {
    const silent = shared.flatMap((type) => {
      const own = ours.getType(type.name)
      const isExplained = !type.description || Boolean(own?.description)
      const fields =
        (isObjectType(type) || isInterfaceType(type)) && (isObjectType(own) || isInterfaceType(own))
          ? Object.values(type.getFields())
              .filter((field) => field.description && !own.getFields()[field.name]?.description)
              .map((field) => `${type.name}.${field.name}`)
          : []
      return isExplained ? fields : [type.name, ...fields]
    })
    expect(silent).toEqual([])
    const copied = shared.filter(
      ({ name, description }) => description && ours.getType(name)?.description === description,
    )
    expect(
      copied.filter(({ name }) => !['Int', 'Float', 'String', 'Boolean', 'ID'].includes(name)).map(String),
    ).toEqual([])
  })

  it('prints the same defaults', () => {
    const defaults = (text: string) =>
      [...text.matchAll(/(\w+): [\w!]+ = (\w+)/g)].map(([, name, value]) => `${name}=${value}`).sort()
    for (const name of ['Query', 'Subscription', 'Market']) {
      const [theirs, mine] = [contract.getType(name), ours.getType(name)]
      if (theirs === undefined || mine === undefined) throw new Error(`${name} is missing`)
      expect(defaults(printType(mine))).toEqual(defaults(printType(theirs)))
    }
  })
})

/** Names of an enum's values, in order; none for any other type. */
function valuesOf(type: GraphQLNamedType): readonly string[] {
  return isEnumType(type) ? type.getValues().map(({ name }) => name) : []
}
