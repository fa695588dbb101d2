/**
 * The parts a plan is made of: each writes the JSON of one kind of value. A writer that is plain calls no resolver,
 * so what it writes depends on the value alone and may be kept with it.
 */
import type { GraphQLEnumType, GraphQLLeafType, getArgumentValues } from 'graphql'
import type { FieldNode } from 'graphql'
import { leafWriter } from './leaf.ts'

/** Coerced variables as graphql-js hands them to `getArgumentValues`. */
export type Variables = NonNullable<Parameters<typeof getArgumentValues>[2]>

/** One execution: what resolvers see, and the arguments already computed in it. */
export interface Run {
  readonly context: unknown
  readonly variables: Variables
  readonly args: Map<FieldNode, Record<string, unknown>>
}

export const newRun = (context: unknown, variables: Variables): Run => ({
  context,
  variables,
  args: new Map(),
})

/** Thrown when a value is not plain; graphql-js must execute the operation instead. */
export const NotPlain = new Error('not plain')

export type Text = string | Promise<string>

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
  readonly write: (value: unknown, run: Run) => Text
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
    write: (value, run) => {
      if (value instanceof Error) throw NotPlain
      const parts = fields.map((field) => field.write(value, run))
      return joined(parts, '', '{', '}')
    },
  }
}

/** A property and the key it answers under; the first of an object carries no comma. */
export function property(head: string, name: string, output: Writer): Writer {
  const read = (source: unknown): unknown => (source as Record<string, unknown>)[name]
  if (!output.isPlain) {
    return { isPlain: false, write: (source, run) => after(output.write(read(source), run), head) }
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
      write: (value, run) => {
        if (!Array.isArray(value)) throw NotPlain
        const parts = value.map((entry) => item.write(entry, run))
        return joined(parts, ',', '[', ']')
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
    return { isPlain: false, write: (value, run) => (check(value), output.write(value, run)) }
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
      write: (value, run) => (value === null || value === undefined ? 'null' : output.write(value, run)),
    }
  }
  const { write, selection } = output
  return {
    isPlain: true,
    selection,
    write: (value) => (value === null || value === undefined ? 'null' : write(value)),
  }
}

function joined(parts: readonly Text[], separator: string, open: string, close: string): Text {
  for (const part of parts) {
    if (typeof part !== 'string') return Promise.all(parts).then((all) => open + all.join(separator) + close)
  }
  return open + parts.join(separator) + close
}

export const after = (text: Text, head: string): Text =>
  typeof text === 'string' ? head + text : text.then((settled) => head + settled)
