/** A whole server over a hall of markets, raw readers of it, and what graphql-js alone would have told each. */
import { once } from 'node:events'
import { parse, subscribe } from 'graphql'
import type { ExecutionResult } from 'graphql'
import { WebSocket } from 'ws'
import { buildSchema, createContext } from '../../src/graphql/schema.ts'
import { createDocuments } from '../../src/server/documents.ts'
import { createExecution } from '../../src/server/execution.ts'
import { useDocuments } from '../../src/server/rules.ts'
import { openHall } from './hall.ts'
import type { Hall } from './hall.ts'
import { serve } from './serve.ts'

const schema = buildSchema()

export interface Asked {
  readonly query: string
  readonly variables?: Readonly<Record<string, unknown>>
}

export type Stage = Awaited<ReturnType<typeof openStage>>

export async function openStage(hall: Hall = openHall()) {
  const documents = createDocuments({ schema })
  const served: object[] = []
  const onServed = (event: object) => void served.push(event)
  const execution = createExecution({ schema, documents, clock: hall.clock, onServed })
  const server = await serve({
    facade: hall.facade,
    schema,
    execution,
    plugins: [useDocuments(documents)],
    hasGraphiql: false,
  })
  const readers: RawReader[] = []
  return {
    ...hall,
    served,
    server,
    fanout: execution.fanout,
    async reader(): Promise<RawReader> {
      const reader = new RawReader(server.wsUrl)
      readers.push(reader)
      await reader.isReady
      return reader
    },
    async close() {
      for (const reader of readers) reader.socket.terminate()
      await server.close(0)
      execution.close()
    },
  }
}

/** Speaks graphql-transport-ws and keeps every message as it came. */
export class RawReader {
  readonly socket: WebSocket
  readonly isReady: Promise<unknown>
  readonly messages: { readonly id: string; readonly type: string; readonly payload?: unknown }[] = []
  closed: { code: number; reason: string } | null = null

  constructor(url: string) {
    this.socket = new WebSocket(url, 'graphql-transport-ws')
    this.socket.on('close', (code, reason) => (this.closed = { code, reason: String(reason) }))
    this.socket.on('error', () => undefined)
    this.isReady = this.#greet()
  }

  async #greet(): Promise<void> {
    await once(this.socket, 'open')
    const acknowledged = once(this.socket, 'message')
    this.say({ type: 'connection_init' })
    await acknowledged
    this.socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as { id: string; type: string }
      if (message.id !== undefined) this.messages.push(message)
    })
  }

  subscribe(id: string, { query, variables = {} }: Asked): void {
    this.say({ id, type: 'subscribe', payload: { query, variables } })
  }

  complete(id: string): void {
    this.say({ id, type: 'complete' })
  }

  say(message: object): void {
    this.socket.send(JSON.stringify(message))
  }

  of(id: string) {
    return this.messages.filter((message) => message.id === id)
  }

  /** Results of one subscription, in order. */
  results(id: string): unknown[] {
    return this.of(id).flatMap(({ type, payload }) => (type === 'next' ? [payload] : []))
  }
}

/** What graphql-js alone tells a reader, with nothing shared. */
export class Unshared {
  readonly results: unknown[] = []
  #iterator: AsyncGenerator<ExecutionResult> | null = null
  readonly isReady: Promise<void>

  constructor({ facade }: Hall, { query, variables = {} }: Asked) {
    this.isReady = this.#start(facade, { query, variables })
  }

  async #start(facade: Hall['facade'], { query, variables = {} }: Asked): Promise<void> {
    const { signal } = new AbortController()
    const contextValue = createContext({ facade, requestId: 'unshared', principal: null, signal })
    const document = parse(query)
    const result = await subscribe({ schema, document, variableValues: variables, contextValue })
    if (!(Symbol.asyncIterator in result)) return void this.results.push(result)
    this.#iterator = result as AsyncGenerator<ExecutionResult>
    void this.#read(this.#iterator)
  }

  async #read(results: AsyncIterable<ExecutionResult>): Promise<void> {
    for await (const result of results) this.results.push(JSON.parse(JSON.stringify(result)))
  }

  leave(): void {
    void this.#iterator?.return(undefined)
  }
}

/** Lets everything that is under way in this process happen. */
export async function settle(turns = 3): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
}
