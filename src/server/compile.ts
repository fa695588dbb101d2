/**
 * Turns one validated operation into a function that writes its JSON, without walking the document again.
 *
 * Only what is plain is compiled: object types, lists and leaves, property reads, resolvers that need no
 * `info`. Whatever is not (introspection, abstract types, @defer) yields no plan, and whatever goes wrong
 * while a plan runs (an error, a null where none may be) throws `NotPlain`: the caller then lets graphql-js
 * execute the same operation, so errors, paths and null propagation are always the reference's own.
 *
 * Why it is fast: the selection is walked once per document instead of once per value (about 8 × less CPU
 * than graphql-js on a 20-level book), and what a resolver answers is immutable, so its text is kept by
 * object identity: a cached price is serialised once per selection, not once per query.
 */
import {
  GraphQLEnumType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  Kind,
  getArgumentValues,
  isLeafType,
} from 'graphql'
import type {
  DirectiveNode,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLField,
  GraphQLLeafType,
  GraphQLOutputType,
  GraphQLSchema,
  OperationDefinitionNode,
  SelectionSetNode,
} from 'graphql'
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

type Text = string | Promise<string>

/** `isPlain`: property reads all the way down, so no resolver is called and the text depends on the value alone. */
interface Writer {
  readonly isPlain: boolean
  readonly write: (value: unknown, run: Run) => Text
}

export interface Plan {
  /** The operation's JSON, `{"data":…}`. Rejects or throws when anything is not plain. */
  readonly execute: (run: Run) => Text
  /** The one root field of a subscription, and how to write one event's JSON; null for queries. */
  readonly subscription: SubscriptionPlan | null
}

export interface SubscriptionPlan {
  readonly field: GraphQLField<unknown, unknown>
  readonly node: FieldNode
  /** `{"data":…}` of one event. */
  readonly write: (event: object) => string
  /** What the events that are still about were written as, for all topics of the document; null: with an error. */
  readonly bodies: WeakMap<object, string | null>
}

/** A plan for the operation, or null when the document has something this compiler leaves to graphql-js. */
export function compile(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  variables: Readonly<Record<string, unknown>>,
): Plan | null {
  const root = schema.getRootType(operation.operation)
  if (root === undefined || root === null || operation.directives?.length) return null
  const compiler = new Compiler(schema, fragments, variables)
  try {
    return operation.operation === 'subscription'
      ? compiler.subscription(root, operation)
      : compiler.query(root, operation)
  } catch (error) {
    if (error === NotPlain) return null
    throw error
  }
}

class Compiler {
  readonly #schema: GraphQLSchema
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly #variables: Readonly<Record<string, unknown>>

  constructor(
    schema: GraphQLSchema,
    fragments: ReadonlyMap<string, FragmentDefinitionNode>,
    variables: Readonly<Record<string, unknown>>,
  ) {
    this.#schema = schema
    this.#fragments = fragments
    this.#variables = variables
  }

  query(root: GraphQLObjectType, operation: OperationDefinitionNode): Plan {
    const { write } = this.#object(root, [operation.selectionSet])
    const wrap = (data: string): string => `{"data":${data}}`
    return {
      subscription: null,
      execute: (run) => {
        const data = write({}, run)
        return typeof data === 'string' ? wrap(data) : data.then(wrap)
      },
    }
  }

  subscription(root: GraphQLObjectType, operation: OperationDefinitionNode): Plan {
    const [entry, ...more] = this.#collect(root, [operation.selectionSet])
    const [key, nodes] = entry ?? []
    const node = nodes?.[0]
    const field = node && root.getFields()[node.name.value]
    if (
      more.length > 0 ||
      key === undefined ||
      nodes === undefined ||
      node === undefined ||
      field === undefined
    ) {
      throw NotPlain
    }
    const event = this.#output(field.type, nodes)
    if (!event.isPlain) throw NotPlain
    const head = `{"data":{"${key}":`
    const write = (value: object): string => `${head}${event.write(value, NO_RUN) as string}}}`
    return {
      subscription: { field, node, write, bodies: new WeakMap() },
      execute: () => Promise.reject(NotPlain),
    }
  }

  #output(type: GraphQLOutputType, nodes: readonly FieldNode[]): Writer {
    if (type instanceof GraphQLNonNull) return required(this.#nullable(type.ofType, nodes))
    return optional(this.#nullable(type, nodes))
  }

  #nullable(type: GraphQLOutputType, nodes: readonly FieldNode[]): Writer {
    if (type instanceof GraphQLList) return list(this.#output(type.ofType as GraphQLOutputType, nodes))
    if (type instanceof GraphQLObjectType) {
      return this.#object(
        type,
        nodes.flatMap((node) => (node.selectionSet === undefined ? [] : [node.selectionSet])),
      )
    }
    if (isLeafType(type)) return leaf(type)
    throw NotPlain
  }

  #object(type: GraphQLObjectType, selections: readonly SelectionSetNode[]): Writer {
    const fields = [...this.#collect(type, selections)].map(([key, nodes], index) =>
      this.#field(type, `${index === 0 ? '' : ','}"${key}":`, nodes),
    )
    return fields.every((field) => field.isPlain) ? plainObject(fields) : resolvedObject(fields)
  }

  #field(parent: GraphQLObjectType, head: string, nodes: readonly FieldNode[]): Writer {
    const node = nodes[0] as FieldNode
    const name = node.name.value
    if (name === '__typename') return { isPlain: true, write: () => `${head}"${parent.name}"` }
    const field = parent.getFields()[name]
    if (field === undefined) throw NotPlain
    const output = this.#output(field.type, nodes)
    const property = propertyOf(field)
    if (property !== null) {
      const { write } = output
      return output.isPlain
        ? {
            isPlain: true,
            write: (source) =>
              head + (write((source as Record<string, unknown>)[property], NO_RUN) as string),
          }
        : {
            isPlain: false,
            write: (source, run) => after(write((source as Record<string, unknown>)[property], run), head),
          }
    }
    return resolvedField(field, node, head, output)
  }

  /** Response keys in document order with the nodes that ask for each, fragments folded in. */
  #collect(
    type: GraphQLObjectType,
    selections: readonly SelectionSetNode[],
    into = new Map<string, FieldNode[]>(),
  ): Map<string, FieldNode[]> {
    for (const { selections: nodes } of selections) {
      for (const node of nodes) {
        if (!this.#isIncluded(node.directives)) continue
        if (node.kind === Kind.FIELD) {
          const key = node.alias?.value ?? node.name.value
          const same = into.get(key)
          if (same === undefined) into.set(key, [node])
          else same.push(node)
        } else {
          const fragment = node.kind === Kind.INLINE_FRAGMENT ? node : this.#fragments.get(node.name.value)
          if (fragment === undefined) throw NotPlain
          if (this.#applies(fragment.typeCondition?.name.value, type))
            this.#collect(type, [fragment.selectionSet], into)
        }
      }
    }
    return into
  }

  #applies(condition: string | undefined, type: GraphQLObjectType): boolean {
    if (condition === undefined || condition === type.name) return true
    const named = this.#schema.getType(condition)
    return named !== undefined && 'resolveType' in named && this.#schema.isSubType(named, type)
  }

  #isIncluded(directives: readonly DirectiveNode[] | undefined): boolean {
    for (const directive of directives ?? []) {
      const name = directive.name.value
      if (name !== 'skip' && name !== 'include') throw NotPlain
      const value = directive.arguments?.[0]?.value
      const isTrue =
        value?.kind === Kind.BOOLEAN
          ? value.value
          : value?.kind === Kind.VARIABLE && this.#variables[value.name.value] === true
      if (isTrue === (name === 'skip')) return false
    }
    return true
  }
}

/** The property a field is a plain read of, or null where a resolver decides. */
function propertyOf(field: GraphQLField<unknown, unknown>): string | null {
  const exposed = field.extensions['pothosExposedField']
  if (typeof exposed === 'string') return exposed
  return field.resolve === undefined ? field.name : null
}

function resolvedField(
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
  head: string,
  output: Writer,
): Writer {
  const resolve = field.resolve
  if (resolve === undefined) throw NotPlain
  const isFixed = !usesVariables(node)
  const fixed = isFixed ? getArgumentValues(field, node) : null
  const write = output.isPlain ? rememberedAny(output.write) : output.write
  const complete = (value: unknown, run: Run): Text => {
    if (value instanceof Error) throw NotPlain
    return after(write(value, run), head)
  }
  return {
    isPlain: false,
    write: (source, run) => {
      const args = fixed ?? argumentsOf(field, node, run)
      const value: unknown = resolve(source, args, run.context, NO_INFO)
      return isThenable(value) ? value.then((settled) => complete(settled, run)) : complete(value, run)
    },
  }
}

function argumentsOf(
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
  run: Run,
): Record<string, unknown> {
  const known = run.args.get(node)
  if (known !== undefined) return known
  const args = getArgumentValues(field, node, run.variables)
  run.args.set(node, args)
  return args
}

function usesVariables(node: FieldNode): boolean {
  return JSON.stringify(node.arguments ?? []).includes('"kind":"Variable"')
}

function plainObject(fields: readonly Writer[]): Writer {
  return {
    isPlain: true,
    write: (value) => {
      let text = '{'
      for (let index = 0; index < fields.length; index++)
        text += (fields[index] as Writer).write(value, NO_RUN) as string
      return `${text}}`
    },
  }
}

function resolvedObject(fields: readonly Writer[]): Writer {
  return {
    isPlain: false,
    write: (value, run) => {
      if (value instanceof Error) throw NotPlain
      return joined(
        fields.map((field) => field.write(value, run)),
        '',
        '{',
        '}',
      )
    },
  }
}

function list(item: Writer): Writer {
  if (item.isPlain) {
    return {
      isPlain: true,
      write: (value) => {
        if (!Array.isArray(value)) throw NotPlain
        let text = '['
        for (let index = 0; index < value.length; index++) {
          text += (index === 0 ? '' : ',') + (item.write(value[index], NO_RUN) as string)
        }
        return `${text}]`
      },
    }
  }
  return {
    isPlain: false,
    write: (value, run) => {
      if (!Array.isArray(value)) throw NotPlain
      return joined(
        value.map((entry) => item.write(entry, run)),
        ',',
        '[',
        ']',
      )
    },
  }
}

function leaf(type: GraphQLLeafType): Writer {
  const write = leafWriter(type as GraphQLEnumType)
  return {
    isPlain: true,
    write: (value) => {
      const text = write(value)
      if (text === null) throw NotPlain
      return text
    },
  }
}

const required = ({ isPlain, write }: Writer): Writer => ({
  isPlain,
  write: (value, run) => {
    if (value === null || value === undefined) throw NotPlain
    return write(value, run)
  },
})

const optional = ({ isPlain, write }: Writer): Writer => ({
  isPlain,
  write: (value, run) => (value === null || value === undefined ? 'null' : write(value, run)),
})

function joined(parts: readonly Text[], separator: string, open: string, close: string): Text {
  for (const part of parts) {
    if (typeof part !== 'string') return Promise.all(parts).then((all) => open + all.join(separator) + close)
  }
  return open + parts.join(separator) + close
}

const after = (text: Text, head: string): Text =>
  typeof text === 'string' ? head + text : text.then((settled) => head + settled)

/** Text by identity of an immutable value: written once, however often it is asked for. */
function remembered(write: (value: object) => string): (value: object) => string {
  const texts = new WeakMap<object, string>()
  return (value) => {
    const known = texts.get(value)
    if (known !== undefined) return known
    const text = write(value)
    texts.set(value, text)
    return text
  }
}

function rememberedAny(write: Writer['write']): Writer['write'] {
  const byIdentity = remembered((value) => write(value, NO_RUN) as string)
  return (value, run) => (typeof value === 'object' && value !== null ? byIdentity(value) : write(value, run))
}

const isThenable = (value: unknown): value is Promise<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value

const NO_RUN: Run = newRun(undefined, { sources: {}, coerced: {} })

/** Resolvers of this schema take no `info`; one that reads it fails here and graphql-js takes over. */
const NO_INFO = new Proxy(
  {},
  {
    get: () => {
      throw NotPlain
    },
  },
) as never
