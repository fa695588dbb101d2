/**
 * The one border where errors become public. Outcomes and exceptions of the facade turn into the contract's
 * codes with their facts; a document or a variable that makes no sense is the asker's BAD_USER_INPUT; anything
 * else is ours, reported to the log under the request's id and masked.
 */
import { GraphQLError, Kind, TokenKind } from 'graphql'
import type { ASTNode } from 'graphql'
import { ERROR_CODES, FacadeError } from '../domain/errors.ts'
import type { ErrorCode, ErrorFacts, Outcome } from '../domain/errors.ts'
import { builder } from './builder.ts'

export interface Presentation {
  readonly requestId: string
  /** Over HTTP an error may carry the status to answer with; Yoga takes it off again. */
  readonly isHttp: boolean
  /** Called once for each error that is our fault. */
  readonly report: (error: unknown) => void
}

/** @throws the outcome's FacadeError */
export function unwrap<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value
  throw outcome.error
}

interface Answer {
  readonly data?: unknown
  readonly errors?: readonly GraphQLError[] | undefined
}

/** The same object when there is nothing to present. */
export function presentResult<R extends Answer>(result: R, presentation: Presentation): R {
  if (!result.errors?.length) return result
  const isRefused = !('data' in result)
  return { ...result, errors: result.errors.map((error) => presentError(error, presentation, isRefused)) }
}

/** `isRefused`: nothing was executed, so that HTTP should answer with a status of its own. */
export function presentError(error: unknown, presentation: Presentation, isRefused = false): GraphQLError {
  const raised = error instanceof GraphQLError ? error : null
  if (raised !== null && isPresented(raised)) return raised
  const { message, code, isRetryable, facts } = explain(error)
  if (code === 'INTERNAL_SERVER_ERROR') presentation.report(rootOf(error))
  const http = presentation.isHttp ? httpOf(raised, code, isRefused) : undefined
  return new GraphQLError(message, {
    ...(raised === null
      ? {}
      : { nodes: raised.nodes, source: raised.source, positions: raised.positions, path: raised.path }),
    extensions: {
      code,
      retryable: isRetryable,
      requestId: presentation.requestId,
      ...publicFacts(facts),
      ...(http === undefined ? {} : { http }),
    },
  })
}

interface Explanation {
  readonly message: string
  readonly code: ErrorCode
  readonly isRetryable: boolean
  readonly facts: ErrorFacts
}

function explain(error: unknown): Explanation {
  const root = rootOf(error)
  if (root instanceof FacadeError) {
    const isMasked = root.code === 'INTERNAL_SERVER_ERROR'
    return isMasked
      ? MASKED
      : { message: root.message, code: root.code, isRetryable: root.isRetryable, facts: root.facts }
  }
  if (!(error instanceof GraphQLError) || !(root instanceof GraphQLError)) return MASKED
  // Raised while completing a value rather than while reading an argument: the document was fine, we were not.
  if (error.path !== undefined && root.nodes === undefined) return MASKED
  const { code, limit } = root.extensions
  return {
    message: error.message,
    code: isErrorCode(code) ? code : 'BAD_USER_INPUT',
    isRetryable: false,
    facts: {
      ...argumentOf(error),
      ...(typeof limit === 'string' || typeof limit === 'number' ? { limit } : {}),
    },
  }
}

const MASKED: Explanation = {
  message: 'Something went wrong on our side. The request id finds it in the log.',
  code: 'INTERNAL_SERVER_ERROR',
  isRetryable: false,
  facts: {},
}

/** What was first thrown, under graphql's wrappings (`originalError`, or `cause` around a broken stream). */
function rootOf(error: unknown): unknown {
  if (!(error instanceof GraphQLError)) return error
  const inner = error.originalError ?? error.cause
  return inner === undefined || inner === null ? error : rootOf(inner)
}

const isErrorCode = (code: unknown): code is ErrorCode => (ERROR_CODES as readonly unknown[]).includes(code)

const isPresented = ({ extensions }: GraphQLError): boolean =>
  'requestId' in extensions && isErrorCode(extensions['code'])

const STATUSES: Partial<Record<ErrorCode, number>> = {
  INTERNAL_SERVER_ERROR: 500,
  UNAUTHENTICATED: 401,
  RATE_LIMITED: 429,
}

/** The status Yoga shall answer with. `spec` lets a client that only knows `application/json` have its 200. */
function httpOf(raised: GraphQLError | null, code: ErrorCode, isRefused: boolean): object | undefined {
  const given = raised?.extensions['http']
  if (typeof given === 'object' && given !== null) {
    // A body that is not JSON was never a GraphQL request: 400 for every client.
    return 'originalError' in (raised?.extensions ?? {}) ? { ...given, spec: false } : given
  }
  return isRefused ? { status: STATUSES[code] ?? 400, spec: code === 'BAD_USER_INPUT' } : undefined
}

const INSTANT_FACTS = ['retryAt', 'earliest'] as const

function publicFacts(facts: ErrorFacts): Record<string, unknown> {
  const shown: Record<string, unknown> = { ...facts }
  for (const key of INSTANT_FACTS) {
    const value = facts[key]
    if (typeof value === 'number') shown[key] = new Date(value).toISOString()
  }
  return shown
}

/** The argument or variable a rejected value was given for, read off the document. */
function argumentOf(error: GraphQLError): { readonly argument?: string } {
  const node: ASTNode | undefined = error.nodes?.[0]
  if (node === undefined) return {}
  if (node.kind === Kind.VARIABLE_DEFINITION) return { argument: node.variable.name.value }
  if (!('value' in node) && node.kind !== Kind.LIST && node.kind !== Kind.NULL) return {}
  if (node.kind === Kind.NAME) return {}
  let token = node.loc?.startToken.prev
  while (token && (token.kind === TokenKind.STRING || token.kind === TokenKind.BRACKET_L)) token = token.prev
  return token?.kind === TokenKind.COLON && token.prev?.kind === TokenKind.NAME
    ? { argument: token.prev.value }
    : {}
}

const MEANINGS: Readonly<Record<ErrorCode, string>> = {
  UNKNOWN_SYMBOL: 'This market is not among the configured ones; `symbols` lists those that are.',
  NOT_LISTED: 'The market exists here, but this venue does not offer it, or not in this candle width.',
  NOT_AUTHORITATIVE: 'The operator does not let this source speak for this kind of data.',
  SOURCE_UNAVAILABLE: 'Everyone who may answer failed to. Worth repeating from `extensions.retryAt` on.',
  SNAPSHOT_NOT_FOUND: 'Nothing that old is on record. `extensions.earliest` is the first instant that is.',
  RESUME_EXPIRED: 'Events behind this cursor are gone. `extensions.earliest` is the first cursor still held.',
  SLOW_CONSUMER: 'The reader stayed too far behind its stream, so the stream was ended.',
  BAD_USER_INPUT:
    'The document, a variable or an argument is not acceptable. `extensions.argument` says which one and `extensions.limit` what would be.',
  UNAUTHENTICATED: 'Credentials are missing or were not accepted.',
  QUERY_TOO_COMPLEX: 'The document nests, repeats or asks for more than the server lets through.',
  RATE_LIMITED: 'Too much was asked in too short a time. Worth repeating from `extensions.retryAt` on.',
  INTERNAL_SERVER_ERROR: 'A fault of the server. `extensions.requestId` leads to it in the log.',
}

builder.enumType('ErrorCode', {
  description:
    'The closed list of `errors[].extensions.code`. No field answers with it; it stands here for tools to read. ' +
    'Beside the code every error carries `retryable` and `requestId`.',
  values: Object.fromEntries(ERROR_CODES.map((code) => [code, { value: code, description: MEANINGS[code] }])),
})
