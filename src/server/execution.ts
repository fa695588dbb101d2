/**
 * Runs operations the quick way where that is possible, and says so where it is not: null means "let
 * graphql-js do it", and the answer is then the reference's in every detail.
 */
import { execute, getVariableValues } from 'graphql'
import type { GraphQLSchema, OperationDefinitionNode } from 'graphql'
import { newRun } from './compile.ts'
import type { Variables } from './compile.ts'
import type { Prepared } from './documents.ts'
import { ascii } from './leaf.ts'

type Inputs = Readonly<Record<string, unknown>>

/** Coerced variables, or null when they do not fit their types. */
export function coerced(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  inputs: Inputs,
): Variables | null {
  const { variableValues } = getVariableValues(schema, operation.variableDefinitions ?? [], inputs)
  return variableValues ?? null
}

export interface QueryRequest {
  readonly prepared: Prepared
  readonly operationName: string | null
  readonly variables: Inputs
  readonly context: unknown
}

/** The answer's JSON for a query that ran without any error; null otherwise. */
export async function queryText(schema: GraphQLSchema, request: QueryRequest): Promise<string | null> {
  const operation = request.prepared.operation(request.operationName)
  if (operation?.operation !== 'query') return null
  const variables = coerced(schema, operation, request.variables)
  const plan = variables && request.prepared.plan(operation, variables.coerced)
  if (!plan) return null
  try {
    return await plan.execute(newRun(request.context, variables))
  } catch {
    // Whatever it was, graphql-js meets it again and reports it with its path and place.
    return null
  }
}

export interface EventRequest {
  readonly prepared: Prepared
  readonly operationName: string | null
  readonly variables: Inputs
  readonly context: unknown
}

/** One subscription event executed by graphql-js. Fields of an event are all at hand, so it answers at once. */
export function eventText(schema: GraphQLSchema, request: EventRequest, event: object): string {
  const result = execute({
    schema,
    document: request.prepared.document,
    operationName: request.operationName,
    variableValues: request.variables,
    contextValue: request.context,
    rootValue: event,
  })
  if (result instanceof Promise) throw new TypeError('an event field answered later')
  return ascii(JSON.stringify(result))
}
