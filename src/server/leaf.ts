/**
 * JSON text of leaf values. Everything written is ASCII (the rest is escaped), so that a frame's length in
 * characters is its length in bytes and it can be written to a socket as latin-1 without being encoded.
 */
import { GraphQLEnumType } from 'graphql'
import type { GraphQLLeafType } from 'graphql'

/** Text of a value, or null when the value is not what the type says. */
export type LeafWriter = (value: unknown) => string | null

export function leafWriter(type: GraphQLLeafType): LeafWriter {
  if (type instanceof GraphQLEnumType) {
    const names = new Map(type.getValues().map(({ name, value }) => [value as unknown, `"${name}"`]))
    return (value) => names.get(value) ?? null
  }
  switch (type.name) {
    case 'Float':
      return (value) => (typeof value === 'number' && Number.isFinite(value) ? `${value}` : null)
    case 'Int':
      return (value) => (typeof value === 'number' && (value | 0) === value ? `${value}` : null)
    case 'Boolean':
      return (value) => (typeof value === 'boolean' ? `${value}` : null)
    case 'String':
    case 'ID':
    case 'Decimal':
    case 'Symbol':
      return (value) => (typeof value === 'string' ? quoted(value) : null)
    default:
      return lastOnce((value) => {
        const text = JSON.stringify(type.coerceOutputValue(value))
        return text === undefined ? null : ascii(text)
      })
  }
}

/** Instants come in runs: an event's own goes to every operation that reads it. */
function lastOnce(write: LeafWriter): LeafWriter {
  let last: unknown = NaN
  let text: string | null = null
  return (value) => {
    if (value === last) return text
    text = write(value)
    last = value
    return text
  }
}

const PLAIN = /^[ !#-[\]-~]*$/
const NON_ASCII = /[\u007f-\uffff]/g

/** A JSON string literal in ASCII. */
export const quoted = (text: string): string => (PLAIN.test(text) ? `"${text}"` : ascii(JSON.stringify(text)))

/** Escapes what is not ASCII; valid for any JSON text, where such characters stand in strings alone. */
export const ascii = (json: string): string =>
  json.replace(NON_ASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
