/**
 * Bounds on what may be asked, the same for every way in: on the text (tokens), on the tree before it is
 * validated (one linear rule; what a fragment amounts to is worked out once), and on the cost once the variables
 * are known. Limits look at structure, never at names.
 */
import { GraphQLError, Kind, Lexer, Source, TokenKind, getOperationAST, parse, visit } from 'graphql'
import type { DocumentNode, FragmentDefinitionNode, GraphQLSchema } from 'graphql'
import { FacadeError } from '../domain/errors.ts'
import { MOST_SYMBOLS } from '../graphql/bounds.ts'
import { costOf } from './cost.ts'
import type { Given } from './cost.ts'
import { NOTHING, Ruler, add } from './ruler.ts'
import type { Measure } from './ruler.ts'

export interface Limits {
  readonly tokens: number
  /** Fields inside each other. */
  readonly depth: number
  readonly aliases: number
  readonly directives: number
  /** Fragments defined. */
  readonly fragments: number
  /** Fields selected, each as often as its fragment is spread. */
  readonly fields: number
  readonly cost: number
}

export const LIMITS: Limits = {
  tokens: 2_000,
  depth: 16,
  aliases: 30,
  directives: 30,
  fragments: 30,
  fields: 600,
  cost: 60_000,
}
/** Lists inside lists: what a description of the whole schema needs (types, fields, arguments). */
const MOST_LISTS = 3

export interface Guard {
  /** @throws GraphQLError */
  readonly parse: (source: string) => DocumentNode
  readonly check: (document: DocumentNode) => readonly GraphQLError[]
  /** Why a valid operation is not run with these variables; null when it is. */
  readonly refusal: (
    document: DocumentNode,
    operationName: string | null | undefined,
    variables: Given,
  ) => FacadeError | null
  readonly hidesSuggestions: boolean
}

export interface GuardOptions {
  readonly schema: GraphQLSchema
  readonly limits?: Limits
  readonly hasIntrospection?: boolean
  /** Where set, only these texts are let in. */
  readonly isListed?: ((source: string) => boolean) | null
}

export function createGuard({
  schema,
  limits = LIMITS,
  hasIntrospection = true,
  isListed = null,
}: GuardOptions): Guard {
  const highest = new WeakMap<DocumentNode, Map<string, number>>()

  /** The cost with the largest variables there could be; most operations are fine even then. */
  const highestCost = (document: DocumentNode, name: string): number => {
    const known = highest.get(document)?.get(name)
    if (known !== undefined) return known
    const operation = getOperationAST(document, name === '' ? null : name)
    if (!operation) return 0
    const cost = costOf(schema, document, operation, null)
    const costs = highest.get(document) ?? new Map<string, number>()
    highest.set(document, costs.set(name, cost))
    return cost
  }

  return {
    hidesSuggestions: !hasIntrospection,
    parse(source) {
      if (isListed !== null && !isListed(source)) throw notListed()
      return parsed(source, limits.tokens)
    },
    check(document) {
      const refusal = measured(schema, document, limits) ?? (hasIntrospection ? null : introspected(document))
      return refusal === null ? [] : [refusal]
    },
    refusal(document, operationName, variables) {
      const tooLong = longList(variables)
      if (tooLong !== null) return tooLong
      if (highestCost(document, operationName ?? '') <= limits.cost) return null
      const operation = getOperationAST(document, operationName)
      const cost = operation ? costOf(schema, document, operation, variables ?? {}) : 0
      if (cost <= limits.cost) return null
      return new FacadeError(
        'QUERY_TOO_COMPLEX',
        `This operation may cost ${cost}; at most ${limits.cost} is run. Ask for fewer symbols, candles, levels or fields at once.`,
        { limit: limits.cost },
      )
    },
  }
}

/** 400 for every client, also for those that otherwise get their errors with a 200. */
const REFUSED = { status: 400, spec: false }

/** A refusal as graphql carries it. */
export const refusalError = (refusal: FacadeError): GraphQLError =>
  new GraphQLError(refusal.message, { cause: refusal, extensions: { http: REFUSED } })

function parsed(source: string, mostTokens: number): DocumentNode {
  try {
    return parse(source, { maxTokens: mostTokens })
  } catch (error) {
    throw hasMoreTokens(source, mostTokens) ? tooComplex('tokens', mostTokens) : error
  }
}

/** Asked when parsing failed, to tell whether it was for this. */
function hasMoreTokens(source: string, most: number): boolean {
  const lexer = new Lexer(new Source(source))
  try {
    for (let count = 0; count <= most; count++) {
      if (lexer.advance().kind === TokenKind.EOF) return false
    }
    return true
  } catch {
    return false
  }
}

function measured(schema: GraphQLSchema, document: DocumentNode, limits: Limits): GraphQLError | null {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const node of document.definitions) {
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node)
  }
  if (fragments.size > limits.fragments) return tooComplex('fragments', limits.fragments)
  const ruler = new Ruler(schema, fragments)
  const total: Measure = { ...NOTHING }
  for (const definition of document.definitions) add(total, ruler.definition(definition))
  for (const what of ['depth', 'fields', 'aliases', 'directives'] as const) {
    if (total[what] > limits[what]) return tooComplex(what, limits[what])
  }
  if (total.lists > MOST_LISTS) return tooComplex('lists', MOST_LISTS)
  return longLiteral(document)
}

const WORDS: Readonly<Record<string, string>> = {
  tokens: 'has more than %d words and signs',
  depth: 'nests more than %d fields',
  fields: 'selects more than %d fields',
  aliases: 'uses more than %d aliases',
  directives: 'uses more than %d directives',
  fragments: 'defines more than %d fragments',
  lists: 'nests more than %d lists',
}

function tooComplex(what: string, limit: number): GraphQLError {
  const message = `This document ${(WORDS[what] ?? '').replace('%d', String(limit))}.`
  return new GraphQLError(message, { extensions: { code: 'QUERY_TOO_COMPLEX', limit, http: REFUSED } })
}

const notListed = (): GraphQLError =>
  new GraphQLError('This server answers its published documents only; send the hash of one of them.', {
    extensions: { code: 'BAD_USER_INPUT', http: REFUSED },
  })

/** Bounded here too, so that a list of ten thousand names is refused before anyone looks at one of them. */
function longList(variables: Given): FacadeError | null {
  for (const [argument, value] of Object.entries(variables ?? {})) {
    if (Array.isArray(value) && value.length > MOST_SYMBOLS) {
      const rule = `\`${argument}\` takes at most ${MOST_SYMBOLS} entries, not ${value.length}.`
      return new FacadeError('BAD_USER_INPUT', rule, { argument, limit: MOST_SYMBOLS })
    }
  }
  return null
}

function longLiteral(document: DocumentNode): GraphQLError | null {
  let refusal: GraphQLError | null = null
  visit(document, {
    ListValue(node) {
      if (node.values.length > MOST_SYMBOLS) {
        refusal = new GraphQLError(
          `A list takes at most ${MOST_SYMBOLS} entries, not ${node.values.length}.`,
          {
            nodes: [node],
            extensions: { code: 'BAD_USER_INPUT', limit: MOST_SYMBOLS, http: REFUSED },
          },
        )
      }
    },
  })
  return refusal
}

/** Only at the top of a query do these fields exist; anywhere else validation knows no such field. */
function introspected(document: DocumentNode): GraphQLError | null {
  let refusal: GraphQLError | null = null
  visit(document, {
    Field(node) {
      if (node.name.value !== '__schema' && node.name.value !== '__type') return
      refusal = new GraphQLError(
        'This server does not describe its schema; it is published with the documentation.',
        {
          nodes: [node],
          extensions: { code: 'BAD_USER_INPUT', http: REFUSED },
        },
      )
    },
  })
  return refusal
}
