/** Hides how the three scalars cross the wire: exact decimal text, RFC 3339 instants, canonical market names. */
import { GraphQLError, Kind } from 'graphql'
import type { ValueNode } from 'graphql'
import type { Decimal, Instant } from '../domain/attribution.ts'
import { isSymbol } from '../domain/market.ts'
import type { MarketSymbol } from '../domain/market.ts'
import { builder } from './builder.ts'

builder.scalarType('Decimal', {
  description:
    'A number without rounding, as JSON text: `"64213.45"`. Its digits are those the source sent, trailing ' +
    'zeros included; there is no exponent form, and it never passed through a float.',
  ...textScalar({ expected: 'a plain decimal number in quotes', read: readDecimal, write: writeText }),
})

builder.scalarType('DateTime', {
  description:
    'A moment in UTC as RFC 3339 text, written with milliseconds every time: `"2026-01-02T03:04:05.678Z"`. ' +
    'Other offsets and precisions are understood on the way in.',
  ...textScalar({
    expected: 'an RFC 3339 instant such as 2026-01-02T03:04:05.678Z',
    read: readInstant,
    write: writeInstant,
  }),
})

builder.scalarType('Symbol', {
  description:
    'The name of a market, base and quote in capitals with a hyphen between: `"BTC-USD"`. ' +
    'Any other form is refused as BAD_USER_INPUT.',
  ...textScalar({ expected: 'BASE-QUOTE in upper case, like BTC-USD', read: readSymbol, write: writeText }),
})

interface TextScalar<T> {
  readonly expected: string
  readonly read: (text: string) => T | null
  readonly write: (value: unknown) => string
}

function textScalar<T>({ expected, read, write }: TextScalar<T>) {
  const refuse = (found: string, node?: ValueNode): never => {
    throw new GraphQLError(`Expected ${expected}; found ${found}.`, {
      ...(node === undefined ? {} : { nodes: [node] }),
      extensions: { code: 'BAD_USER_INPUT', limit: expected },
    })
  }
  const parseText = (text: string, node?: ValueNode): T => read(text) ?? refuse(show(text), node)
  return {
    serialize: write,
    parseValue: (value: unknown): T => (typeof value === 'string' ? parseText(value) : refuse(show(value))),
    parseLiteral: (node: ValueNode): T =>
      node.kind === Kind.STRING
        ? parseText(node.value, node)
        : refuse(`a literal of kind ${node.kind}`, node),
  }
}

const show = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 80)

const DECIMAL = /^-?\d{1,40}(\.\d{1,40})?$/

function readDecimal(text: string): Decimal | null {
  return DECIMAL.test(text) ? text : null
}

function readSymbol(text: string): MarketSymbol | null {
  return isSymbol(text) ? text : null
}

const INSTANT =
  /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))$/

function readInstant(text: string): Instant | null {
  const parts = INSTANT.exec(text)
  if (parts === null) return null
  const [, day, time, fraction = '', sign, hours = '0', minutes = '0'] = parts
  const local = `${day}T${time}.${fraction.slice(0, 3).padEnd(3, '0')}Z`
  const instant = Date.parse(local)
  // Writing it back catches the 30th of February, which Date.parse moves to March.
  if (Number.isNaN(instant) || new Date(instant).toISOString() !== local) return null
  const offsetMs = (Number(hours) * 60 + Number(minutes)) * 60_000
  return sign === '-' ? instant + offsetMs : instant - offsetMs
}

function writeInstant(value: unknown): string {
  if (typeof value !== 'number')
    throw new TypeError(`An instant must be epoch milliseconds, not ${typeof value}`)
  return new Date(value).toISOString()
}

function writeText(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`Expected text, not ${typeof value}`)
  return value
}
