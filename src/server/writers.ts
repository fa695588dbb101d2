/**
 * The parts a plan is made of: each writes the JSON of one kind of value. A writer that is plain calls no resolver,
 * so what it writes depends on the value alone and may be kept with it.
 */
import type { GraphQLEnumType, GraphQLLeafType } from 'graphql'
import { leafWriter } from './leaf.ts'
import type { Page } from './page.ts'

/** Thrown when a value is not plain; graphql-js must execute the operation instead. */
export const NotPlain = new Error('not plain')

export type Writer = PlainWriter | ResolvedWriter

/** Property reads all the way down. */
export interface PlainWriter {
  readonly isPlain: true
  /** What it writes, in words: equal for equal selections, whatever documents they stand in. */
  readonly selection: string
  readonly write: (value: unknown) => string
}

export interface ResolvedWriter {
  readonly isPlain: false
  readonly write: (value: unknown, page: Page) => void
}

export function plainObject(type: string, fields: readonly PlainWriter[]): PlainWriter {
  const writes = fields.map(({ write }) => write)
  return {
    isPlain: true,
    selection: `${type}{${fields.map(({ selection }) => selection).join('')}}`,
    write: (value) => {
      let text = '{'
      for (let index = 0; index < writes.length; index++)
        text += (writes[index] as PlainWriter['write'])(value)
      return `${text}}`
    },
  }
}

export function resolvedObject(fields: readonly Writer[]): ResolvedWriter {
  return {
    isPlain: false,
    write: (value, page) => {
      if (value instanceof Error) throw NotPlain
      page.add('{')
      for (const field of fields) put(field, value, page)
      page.add('}')
    },
  }
}

/** A property and the key it answers under; the first of an object carries no comma. */
export function property(head: string, name: string, output: Writer): Writer {
  if (!output.isPlain) {
    return {
      isPlain: false,
      write: (source, page) => {
        page.add(head)
        output.write((source as Record<string, unknown>)[name], page)
      },
    }
  }
  const { write, selection } = output
  return {
    isPlain: true,
    selection: `${head}${name} ${selection}`,
    write: (source) => head + write((source as Record<string, unknown>)[name]),
  }
}

export const constant = (text: string): PlainWriter => ({ isPlain: true, selection: text, write: () => text })

export function list(item: Writer): Writer {
  if (!item.isPlain) {
    return {
      isPlain: false,
      write: (value, page) => {
        if (!Array.isArray(value)) throw NotPlain
        page.add('[')
        for (let index = 0; index < value.length; index++) {
          if (index > 0) page.add(',')
          item.write(value[index], page)
        }
        page.add(']')
      },
    }
  }
  const { write, selection } = item
  return {
    isPlain: true,
    selection: `[${selection}]`,
    write: (value) => {
      if (!Array.isArray(value)) throw NotPlain
      let text = '['
      for (let index = 0; index < value.length; index++) {
        text += index === 0 ? write(value[index]) : `,${write(value[index])}`
      }
      return `${text}]`
    },
  }
}

export function leaf(type: GraphQLLeafType): PlainWriter {
  const write = leafWriter(type as GraphQLEnumType)
  return {
    isPlain: true,
    selection: type.name,
    write: (value) => {
      const text = write(value)
      if (text === null) throw NotPlain
      return text
    },
  }
}

export function required(output: Writer): Writer {
  const { write } = output
  const check = (value: unknown): void => {
    if (value === null || value === undefined) throw NotPlain
  }
  if (!output.isPlain) {
    return { isPlain: false, write: (value, page) => (check(value), output.write(value, page)) }
  }
  return {
    isPlain: true,
    selection: `${output.selection}!`,
    write: (value) => (check(value), (write as PlainWriter['write'])(value)),
  }
}

export function optional(output: Writer): Writer {
  if (!output.isPlain) {
    return {
      isPlain: false,
      write: (value, page) => {
        if (value === null || value === undefined) page.add('null')
        else output.write(value, page)
      },
    }
  }
  const { write, selection } = output
  return {
    isPlain: true,
    selection,
    write: (value) => (value === null || value === undefined ? 'null' : write(value)),
  }
}

export function put(writer: Writer, value: unknown, page: Page): void {
  if (writer.isPlain) page.add(writer.write(value))
  else writer.write(value, page)
}
