/**
 * The short way through HTTP for what most clients send: a JSON post with a query that runs without errors.
 * Everything else goes on to Yoga, which sees the body as if nobody had read it.
 *
 * Why: building fetch `Request` and `Response` objects costs more than a cached answer of 100 prices.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { OperationContext } from '../graphql/schema.ts'
import type { Deadline } from './deadline.ts'
import type { Execution } from './quick.ts'

const MOST_BODY_BYTES = 100_000
const JSON_TYPE = 'application/json'
const GRAPHQL_TYPE = 'application/graphql-response+json'

/** A request whose body was read before Yoga; it looks for it under this name. */
export interface ReadRequest extends IncomingMessage {
  body?: Buffer
  /** There was no quick answer; there will be none a moment later. */
  isTried?: boolean
  /** What it was tried with: what was answered then is at hand, and the time that passed counts. */
  context?: OperationContext
}

export interface QuickHttpOptions {
  readonly execution: Execution
  readonly deadline: Deadline
  readonly contextOf: (deadline: Deadline) => OperationContext
}

/** True for posts worth a try: JSON of known, moderate length, answered in JSON, from no other site. */
export function isQuick({ method, headers }: IncomingMessage): boolean {
  const length = Number(headers['content-length'])
  return (
    method === 'POST' &&
    length > 0 &&
    length <= MOST_BODY_BYTES &&
    (headers['content-type']?.startsWith(JSON_TYPE) ?? false) &&
    headers['content-encoding'] === undefined &&
    (headers.origin === undefined || headers.origin.endsWith(`//${headers.host}`)) &&
    answerType(headers.accept) !== null
  )
}

/** Answers and resolves to true, or leaves the read body on the request and resolves to false. */
export async function answerQuickly(
  request: ReadRequest,
  response: ServerResponse,
  { execution, deadline, contextOf }: QuickHttpOptions,
): Promise<boolean> {
  const body = await bodyOf(request)
  if (body === null) return true
  request.body = body
  const asked = operationIn(body)
  if (asked === null) return false
  request.isTried = true
  response.once('close', () => {
    if (!response.writableFinished) deadline.hangUp()
  })
  const context = contextOf(deadline)
  request.context = context
  const text = await execution.query({ ...asked, context })
  if (text === null) return false
  response.writeHead(200, {
    'content-type': `${answerType(request.headers.accept) ?? JSON_TYPE}; charset=utf-8`,
    'content-length': text.length,
  })
  response.end(text, 'latin1')
  return true
}

/** Null when the peer left before it was whole. */
function bodyOf(request: IncomingMessage): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.once('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)))
    request.once('close', () => resolve(null))
  })
}

function operationIn(body: Buffer) {
  let asked: unknown
  try {
    asked = JSON.parse(body.toString())
  } catch {
    return null
  }
  if (!isRecord(asked)) return null
  const { query, operationName = null, variables = null, extensions } = asked
  if (typeof query !== 'string' || extensions !== undefined) return null
  if (operationName !== null && typeof operationName !== 'string') return null
  if (variables !== null && !isRecord(variables)) return null
  return { query, operationName, variables: variables ?? {} }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The first type named that we speak; null when none is, and the long way negotiates. */
function answerType(accept: string | undefined): string | null {
  if (accept === undefined) return JSON_TYPE
  for (const range of accept.split(',')) {
    const type = range.split(';', 1)[0]?.trim()
    if (type === GRAPHQL_TYPE) return GRAPHQL_TYPE
    if (type === JSON_TYPE || type === 'application/*' || type === '*/*') return JSON_TYPE
    if (type === 'text/event-stream' || type === 'multipart/mixed' || type === 'text/html') return null
  }
  return null
}
