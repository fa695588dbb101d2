/**
 * Documents that were parsed, checked and compiled before: text in, everything derived from it out.
 * Bounded by count and by characters, since a syntax tree is some forty times its text.
 */
import { GraphQLError, Kind, getOperationAST, parse, print, validate } from 'graphql'
import type { DocumentNode, FragmentDefinitionNode, GraphQLSchema, OperationDefinitionNode } from 'graphql'
import { compile } from './compile.ts'
import type { Plan } from './compile.ts'
import { createShared } from './remembered.ts'
import type { Shared } from './remembered.ts'

const MOST_DOCUMENTS = 1_000
const MOST_CHARACTERS = 512 * 1024
/** A document with more @skip/@include variables than this is left to graphql-js. */
const MOST_SWITCHES = 4

export interface Prepared {
  readonly document: DocumentNode
  /** The document printed anew: equal for documents that differ in layout only. */
  readonly text: string
  /** Null when no operation of that name exists. */
  readonly operation: (name: string | null | undefined) => OperationDefinitionNode | null
  /** Compiled for the values of its @skip/@include variables; null when graphql-js has to execute it. */
  readonly plan: (
    operation: OperationDefinitionNode,
    variables: Readonly<Record<string, unknown>>,
  ) => Plan | null
}

/** `document` is null when the text could not be parsed; `prepared` when there is anything wrong with it. */
export type Preparation =
  | { readonly document: DocumentNode; readonly prepared: Prepared; readonly errors: null }
  | { readonly document: DocumentNode; readonly prepared: null; readonly errors: readonly GraphQLError[] }
  | { readonly document: null; readonly prepared: null; readonly errors: readonly GraphQLError[] }

export interface Documents {
  readonly prepare: (source: string) => Preparation
  /** What was found about a document that came out of `prepare`; null for any other. */
  readonly of: (document: DocumentNode) => Preparation | null
  readonly size: () => number
}

export interface DocumentsOptions {
  readonly schema: GraphQLSchema
  /** Bounds checked on the text before it is parsed, and on the tree before it is validated. */
  readonly guard?: {
    readonly parse: (source: string) => DocumentNode
    readonly check: (document: DocumentNode) => readonly GraphQLError[]
    /** True: errors do not guess what was meant, since that describes the schema. */
    readonly hidesSuggestions?: boolean
  }
}

export function createDocuments({ schema, guard }: DocumentsOptions): Documents {
  const known = new Map<string, Preparation>()
  const byDocument = new WeakMap<DocumentNode, Preparation>()
  const shared = createShared()
  let characters = 0

  const prepare = (source: string): Preparation => {
    const found = known.get(source)
    if (found !== undefined) {
      known.delete(source)
      known.set(source, found)
      return found
    }
    const fresh = inspect(source, { schema, guard, shared })
    known.set(source, fresh)
    if (fresh.document !== null) byDocument.set(fresh.document, fresh)
    characters += source.length
    for (const oldest of known.keys()) {
      if (known.size <= MOST_DOCUMENTS && characters <= MOST_CHARACTERS) break
      known.delete(oldest)
      characters -= oldest.length
    }
    return fresh
  }
  return { prepare, of: (document) => byDocument.get(document) ?? null, size: () => known.size }
}

interface Inspecting {
  readonly schema: GraphQLSchema
  readonly guard: DocumentsOptions['guard'] | undefined
  readonly shared: Shared
}

function inspect(source: string, { schema, guard, shared }: Inspecting): Preparation {
  let document: DocumentNode
  try {
    document = guard === undefined ? parse(source) : guard.parse(source)
  } catch (error) {
    if (error instanceof GraphQLError) return { document: null, prepared: null, errors: [error] }
    throw error
  }
  const bounds = guard?.check(document) ?? []
  const hideSuggestions = guard?.hidesSuggestions ?? false
  const errors = bounds.length > 0 ? bounds : validate(schema, document, undefined, { hideSuggestions })
  if (errors.length > 0) return { document, prepared: null, errors }
  return { document, prepared: preparedFrom(schema, document, shared), errors: null }
}

function preparedFrom(schema: GraphQLSchema, document: DocumentNode, shared: Shared): Prepared {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const node of document.definitions) {
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node)
  }
  const text = print(document)
  const switches = switchesOf(text)
  const plans = new Map<string, Plan | null>()
  return {
    document,
    text,
    operation: (name) => getOperationAST(document, name) ?? null,
    plan: (operation, variables) => {
      if (switches.length > MOST_SWITCHES) return null
      const key = [operation.name?.value ?? '', ...switches.map((name) => variables[name] === true)].join(' ')
      const known = plans.get(key)
      if (known !== undefined) return known
      const plan = compile({ schema, operation, fragments, variables, shared })
      plans.set(key, plan)
      return plan
    },
  }
}

/** Names of the variables that decide what is selected. */
function switchesOf(text: string): readonly string[] {
  const names = [...text.matchAll(/@(?:skip|include)\(if: \$(\w+)\)/g)].map((match) => match[1] as string)
  return [...new Set(names)]
}
