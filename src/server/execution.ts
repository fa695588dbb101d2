/**
 * The quick way to answer, behind the seam in `quick.ts`: compiled queries, and subscriptions shared by the
 * fan-out. Null means "graphql-js shall do it", and the answer is then the reference's in every detail.
 */
import { execute, getVariableValues } from 'graphql'
import type { ExecutionArgs, GraphQLSchema, OperationDefinitionNode } from 'graphql'
import type { Clock } from '../domain/clock.ts'
import { presentResult } from '../graphql/errors.ts'
import type { Presentation } from '../graphql/errors.ts'
import { Run } from './page.ts'
import type { Variables } from './page.ts'
import type { Documents, Prepared } from './documents.ts'
import { createFanout } from './fanout.ts'
import type { Fanout } from './fanout.ts'
import { Lane, Turn } from './lane.ts'
import type { Guard } from './guard.ts'
import { ascii, quoted } from './leaf.ts'
import { park } from './park.ts'
import type { Connection, Execution, QuickOperation } from './quick.ts'

export interface QuickExecution extends Execution {
  readonly fanout: Fanout
  close(): void
}

export interface ExecutionParts {
  readonly schema: GraphQLSchema
  readonly documents: Documents
  readonly clock: Clock
  /** Operations it refuses are left to the long way, which says why. */
  readonly guard?: Pick<Guard, 'refusal'>
  /** Called once per event after it was written to its readers. */
  readonly onServed: (event: object) => void
}

/** Close code for a socket that takes too little: private range, beside the protocol's own. */
export const SLOW_CONSUMER = 4413
/** A socket that takes nothing cannot hear that it is let go; it is cut this long after being told. */
const CUT_AFTER_MS = 5_000

export function createExecution(parts: ExecutionParts): QuickExecution {
  const { schema, documents, clock, onServed, guard = null } = parts
  const turn = new Turn()
  const cutOffs = new WeakMap<Lane, () => void>()
  const fanout = createFanout({
    clock,
    turn,
    onServed,
    // A turn later, so that each subscription's own error goes first.
    onStuck: (lane) => turn.afterwards(() => cutOffs.get(lane)?.()),
  })
  return {
    fanout,
    close: () => fanout.close(),
    query: (operation) => queryText({ schema, documents, guard }, operation),
    connect: (socket, close) => {
      const lane = new Lane(socket, turn)
      cutOffs.set(lane, () => {
        close(SLOW_CONSUMER, 'Slow consumer')
        clock.after(CUT_AFTER_MS, () => socket.destroy())
      })
      return connection(lane, { schema, documents, guard, fanout })
    },
  }
}

interface Knowing {
  readonly schema: GraphQLSchema
  readonly documents: Documents
  readonly guard: Pick<Guard, 'refusal'> | null
}

function connection(lane: Lane, sharing: Knowing & { readonly fanout: Fanout }): Connection {
  const { schema, fanout } = sharing
  return {
    flush: () => lane.flush(),
    deliver: (id, operation) => {
      const known = resolved(sharing, operation, 'subscription')
      if (known === null) return null
      const { operationName, variables, presentation } = operation
      const { document } = known.prepared
      const asked = { schema, document, operationName, variableValues: variables }
      const executeEvent = (event: object): string => eventText(asked, presentation, event)
      return fanout.subscribe({ ...known, context: operation.context, lane, id, executeEvent })
    },
    answer: async (id, operation) => {
      const text = await queryText(sharing, operation)
      if (text === null) return null
      lane.send(`{"id":${quoted(id)},"type":"next","payload":`, `${text}}`)
      const parked = park(() => undefined)
      parked.end(null)
      return parked.iterator
    },
  }
}

async function queryText(knowing: Knowing, operation: QuickOperation): Promise<string | null> {
  const known = resolved(knowing, operation, 'query')
  const plan = known?.prepared.plan(known.operation, known.variables.coerced)
  if (!known || !plan) return null
  try {
    return await plan.execute(new Run(operation.context, known.variables))
  } catch {
    // Whatever it was, graphql-js meets it again and reports it with its path and place.
    return null
  }
}

interface Resolved {
  readonly prepared: Prepared
  readonly operation: OperationDefinitionNode
  readonly variables: Variables
}

/** The operation's document, node and coerced variables; null where graphql-js has something to say about them. */
function resolved(
  { schema, documents, guard }: Knowing,
  { query, operationName, variables }: QuickOperation,
  type: 'query' | 'subscription',
): Resolved | null {
  const { prepared } = documents.prepare(query)
  const operation = prepared?.operation(operationName)
  if (!prepared || operation?.operation !== type) return null
  if (guard !== null && guard.refusal(prepared.document, operationName, variables) !== null) return null
  const { variableValues } = getVariableValues(schema, operation.variableDefinitions ?? [], variables)
  return variableValues === undefined ? null : { prepared, operation, variables: variableValues }
}

/** One event executed by graphql-js. Its fields are plain reads: all at hand, so it answers at once and needs no context. */
function eventText(asked: ExecutionArgs, presentation: Presentation, event: object): string {
  const result = execute({ ...asked, rootValue: event })
  if (result instanceof Promise) throw new TypeError('an event field answered later')
  return ascii(JSON.stringify(presentResult(result, presentation)))
}
