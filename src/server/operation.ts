/**
 * One operation that arrived over a WebSocket, from its text to what runs it. Hides how graphql-ws's hooks and
 * Yoga's rules fit together.
 */
import type { ExecutionArgs, GraphQLError } from 'graphql'
import type { SubscribePayload } from 'graphql-ws'
import { presentError } from '../graphql/errors.ts'
import type { OperationContext } from '../graphql/schema.ts'
import type { Guard } from './guard.ts'
import type { Persisted } from './persisted.ts'
import type { PresentedOperation } from './quick.ts'
import type { Running } from './running.ts'
import type { OpenSocket } from './websocket.ts'
import type { Yoga } from './yoga.ts'

type Enveloped = ReturnType<Yoga['getEnveloped']>

/** What graphql-ws carries from `onSubscribe` to execution. */
interface Operation extends ExecutionArgs {
  readonly id: string
  readonly reader: OpenSocket
  /** Null once it has been handed over. */
  way: Way | null
}

interface Way {
  readonly quick: PresentedOperation
  readonly enveloped: Enveloped
}

export interface Preparing {
  readonly yoga: Yoga
  readonly reader: OpenSocket
  readonly id: string
  readonly payload: SubscribePayload
  readonly running: Running
  readonly rules?: OperationRules | null
}

/** Rules Yoga's plugins apply to requests, for operations that reach its core from the side. */
export interface OperationRules {
  readonly guard: Guard
  readonly persisted: Persisted
}

/** Parses, checks and gives a context to an operation; or the errors to answer with. */
export async function prepare({ yoga, reader, id, payload, running, rules = null }: Preparing) {
  const { presentation, deadline } = running
  const { operationName = null } = payload
  const variables = payload.variables ?? {}
  try {
    const query = rules?.persisted.textOf(payload) ?? payload.query
    const enveloped = yoga.getEnveloped({
      requestId: presentation.requestId,
      principal: reader.principal,
      deadline,
      params: { query, operationName, variables },
      req: reader.request,
    })
    const document = enveloped.parse(query)
    running.describe(document, operationName)
    const errors: readonly GraphQLError[] = enveloped.validate(enveloped.schema, document)
    if (errors.length > 0) return errors.map((error) => presentError(error, presentation))
    const refusal = rules?.guard.refusal(document, operationName, variables) ?? null
    if (refusal !== null) return [presentError(refusal, presentation)]
    const context: OperationContext = await enveloped.contextFactory()
    const quick = { query, operationName, variables, context, presentation }
    const operation: Operation = {
      schema: enveloped.schema,
      document,
      operationName,
      variableValues: variables,
      contextValue: context,
      id,
      reader,
      way: { quick, enveloped },
    }
    return operation
  } catch (error) {
    return [presentError(error, presentation)]
  }
}

export async function execute(args: ExecutionArgs): Promise<Awaited<ReturnType<Enveloped['execute']>>> {
  const { reader, id, way } = args as Operation
  if (way === null) throw new TypeError('an operation runs once')
  return (await reader.connection?.answer?.(id, way.quick)) ?? way.enveloped.execute(args)
}

export function subscribe(args: ExecutionArgs): ReturnType<Enveloped['subscribe']> {
  const operation = args as Operation
  const { way } = operation
  if (way === null) throw new TypeError('an operation runs once')
  const delivered = deliver(operation, way)
  if (delivered === null) return way.enveloped.subscribe(args)
  // graphql-ws holds the arguments while the stream lasts; what made it is no longer needed (5 KB of every reader).
  operation.way = null
  operation.contextValue = null
  return delivered
}

function deliver({ reader, id }: Operation, { quick }: Way): AsyncIterableIterator<never> | null {
  try {
    return reader.connection?.deliver(id, quick) ?? null
  } catch {
    // graphql-js meets the same refusal again and reports it with its place in the document.
    return null
  }
}
