/**
 * What `graphql-transport-ws` asks of a server, as a table that is run against a URL: any server's. Written from
 * the protocol's text (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md); knows nothing of ours.
 */
import { WebSocket } from 'ws'

export interface Audited {
  readonly url: string
  /** A query that answers at once, and a subscription that stays open without an event of its own. */
  readonly query: string
  readonly subscription: string
  readonly connectionParams?: Readonly<Record<string, unknown>>
  /** Larger messages than this are refused with 1009, where it is set. */
  readonly mostBytes?: number
}

export interface Rule {
  readonly name: string
  /** @throws Error saying what was seen instead */
  readonly check: (server: Audited) => Promise<void>
}

interface Message {
  readonly type: string
  readonly id?: string
  readonly payload?: unknown
}

const PROTOCOL = 'graphql-transport-ws'
/** Only how long a server that says nothing is waited for. */
const PATIENCE_MS = 10_000

class Talk {
  readonly #socket: WebSocket
  readonly #heard: Message[] = []
  #wake: () => void = () => undefined
  readonly closed: Promise<number>

  private constructor(socket: WebSocket) {
    this.#socket = socket
    this.closed = new Promise((resolve) => socket.once('close', resolve))
    socket.on('error', () => undefined)
    socket.on('message', (data) => {
      this.#heard.push(JSON.parse(String(data)) as Message)
      this.#wake()
    })
  }

  static async open({ url }: Audited, protocols: readonly string[] = [PROTOCOL]): Promise<Talk> {
    const socket = new WebSocket(url, [...protocols])
    const talk = new Talk(socket)
    await Promise.race([new Promise((resolve) => socket.once('open', resolve)), talk.closed])
    return talk
  }

  static async greeted(server: Audited): Promise<Talk> {
    const talk = await Talk.open(server)
    talk.say({ type: 'connection_init', payload: server.connectionParams ?? {} })
    same(await talk.hear(), { type: 'connection_ack' }, ['type'])
    return talk
  }

  get protocol(): string {
    return this.#socket.protocol
  }

  say(message: unknown): void {
    this.#socket.send(
      typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message),
    )
  }

  async hear(): Promise<Message> {
    const heard = this.#heard.shift()
    if (heard !== undefined) return heard
    const code = await patiently(
      Promise.race([new Promise<null>((resolve) => (this.#wake = () => resolve(null))), this.closed]),
      'a message',
    )
    if (code !== null) throw new Error(`expected a message, was closed with ${code}`)
    return this.hear()
  }

  /** Everything up to the answer to a ping sent now. */
  async hearRest(): Promise<readonly Message[]> {
    this.say({ type: 'ping' })
    const rest: Message[] = []
    for (;;) {
      const message = await this.hear()
      if (message.type === 'pong') return rest
      rest.push(message)
    }
  }

  async expectClose(code: number): Promise<void> {
    const seen = await patiently(this.closed, `a close with ${code}`)
    if (seen !== code) throw new Error(`expected to be closed with ${code}, was with ${seen}`)
  }

  close(): Promise<number> {
    this.#socket.close()
    return this.closed
  }
}

function patiently<T>(promise: Promise<T>, what: string): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`waited for ${what} in vain`)), PATIENCE_MS)
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

function same(seen: Message, expected: Message, keys: readonly (keyof Message)[]): void {
  for (const key of keys) {
    if (JSON.stringify(seen[key]) !== JSON.stringify(expected[key])) {
      throw new Error(`expected ${JSON.stringify(expected)}, heard ${JSON.stringify(seen)}`)
    }
  }
}

const subscribe = (id: string, query: string) => ({ id, type: 'subscribe', payload: { query } })

/** Says one thing after the greeting, and is closed for it. */
const closes = (
  name: string,
  code: number,
  message: (server: Audited) => unknown,
  isGreeted = true,
): Rule => ({
  name,
  check: async (server) => {
    const talk = isGreeted ? await Talk.greeted(server) : await Talk.open(server)
    talk.say(message(server))
    await talk.expectClose(code)
  },
})

export const RULES: readonly Rule[] = [
  {
    name: 'speaks graphql-transport-ws when it is offered, also beside others',
    check: async (server) => {
      for (const offer of [[PROTOCOL], ['graphql-ws', PROTOCOL]]) {
        const talk = await Talk.open(server, offer)
        if (talk.protocol !== PROTOCOL)
          throw new Error(`was given "${talk.protocol}" for "${offer.join(', ')}"`)
        await talk.close()
      }
    },
  },
  {
    name: 'closes with 4406 when no protocol is offered',
    check: async (server) => (await Talk.open(server, [])).expectClose(4406),
  },
  {
    name: 'acknowledges a greeting',
    check: async (server) => void (await (await Talk.greeted(server)).close()),
  },
  closes(
    'closes with 4401 on an operation before the greeting',
    4401,
    ({ query }) => subscribe('1', query),
    false,
  ),
  closes('closes with 4429 on a second greeting', 4429, () => ({ type: 'connection_init' })),
  {
    name: 'closes with 4429 on a second greeting that does not wait for the first',
    check: async (server) => {
      const talk = await Talk.open(server)
      const greeting = { type: 'connection_init', payload: server.connectionParams ?? {} }
      talk.say(greeting)
      talk.say(greeting)
      await talk.expectClose(4429)
    },
  },
  closes('closes with 4400 on what is not JSON', 4400, () => '{"type":'),
  closes('closes with 4400 on JSON that is no object', 4400, () => '[]'),
  closes('closes with 4400 on a message without a type', 4400, () => ({ id: '1' })),
  closes('closes with 4400 on a type nobody knows', 4400, () => ({ type: 'start', id: '1' })),
  closes('closes with 4400 on bytes', 4400, () => Buffer.from([0, 159, 146, 150])),
  closes('closes with 4400 on an operation without an id', 4400, ({ query }) => ({
    type: 'subscribe',
    payload: { query },
  })),
  closes('closes with 4400 on an operation with an empty id', 4400, ({ query }) => subscribe('', query)),
  closes('closes with 4400 on an operation whose id is a number', 4400, ({ query }) => ({
    type: 'subscribe',
    id: 1,
    payload: { query },
  })),
  closes('closes with 4400 on an operation without a payload', 4400, () => ({ type: 'subscribe', id: '1' })),
  closes('closes with 4400 on an operation without a query', 4400, () => ({
    type: 'subscribe',
    id: '1',
    payload: {},
  })),
  closes('closes with 4400 on variables that are text', 4400, ({ query }) => ({
    type: 'subscribe',
    id: '1',
    payload: { query, variables: 'a' },
  })),
  closes('closes with 4400 on an operation name that is a number', 4400, ({ query }) => ({
    type: 'subscribe',
    id: '1',
    payload: { query, operationName: 1 },
  })),
  {
    name: 'closes with 4409 on a second operation of one id while the first runs',
    check: async (server) => {
      const talk = await Talk.greeted(server)
      talk.say(subscribe('1', server.subscription))
      talk.say(subscribe('1', server.subscription))
      await talk.expectClose(4409)
    },
  },
  {
    name: 'answers a ping with a pong, before the greeting and after',
    check: async (server) => {
      const early = await Talk.open(server)
      early.say({ type: 'ping' })
      same(await early.hear(), { type: 'pong' }, ['type'])
      await early.close()
      const talk = await Talk.greeted(server)
      talk.say({ type: 'ping' })
      same(await talk.hear(), { type: 'pong' }, ['type'])
      await talk.close()
    },
  },
  {
    name: 'takes a pong nobody asked for without a word',
    check: async (server) => {
      const talk = await Talk.greeted(server)
      talk.say({ type: 'pong', payload: { any: 'thing' } })
      if ((await talk.hearRest()).length > 0) throw new Error('something was said')
      await talk.close()
    },
  },
  {
    name: 'answers a query with one next and then complete',
    check: async (server) => {
      const talk = await Talk.greeted(server)
      talk.say(subscribe('a', server.query))
      same(await talk.hear(), { type: 'next', id: 'a' }, ['type', 'id'])
      same(await talk.hear(), { type: 'complete', id: 'a' }, ['type', 'id'])
      await talk.close()
    },
  },
  {
    name: 'lets an id be used again once its operation is over',
    check: async (server) => {
      const talk = await Talk.greeted(server)
      for (let round = 0; round < 2; round++) {
        talk.say(subscribe('again', server.query))
        same(await talk.hear(), { type: 'next', id: 'again' }, ['type', 'id'])
        same(await talk.hear(), { type: 'complete', id: 'again' }, ['type', 'id'])
      }
      await talk.close()
    },
  },
  ...[
    ['that cannot be parsed', '{'],
    ['that is not valid', '{ noSuchFieldHere }'],
    ['with no operation in it', 'fragment a on Query { __typename }'],
  ].map(([what = '', query = '']): Rule => ({
    name: `answers a document ${what} with one error and nothing after`,
    check: async (server) => {
      const talk = await Talk.greeted(server)
      talk.say(subscribe('e', query))
      const seen = await talk.hear()
      same(seen, { type: 'error', id: 'e' }, ['type', 'id'])
      if (!Array.isArray(seen.payload) || seen.payload.length === 0)
        throw new Error('its payload lists no error')
      if ((await talk.hearRest()).length > 0) throw new Error('something was said after the error')
      await talk.close()
    },
  })),
  {
    name: 'says nothing more of an operation its client has completed, and lets its id be used again',
    check: async (server) => {
      const talk = await Talk.greeted(server)
      talk.say(subscribe('s', server.subscription))
      await talk.hearRest()
      talk.say({ type: 'complete', id: 's' })
      if ((await talk.hearRest()).length > 0)
        throw new Error('something was said after the client was through')
      talk.say(subscribe('s', server.query))
      same(await talk.hear(), { type: 'next', id: 's' }, ['type', 'id'])
      await talk.close()
    },
  },
  {
    name: 'takes the end of an operation that never was without a word',
    check: async (server) => {
      const talk = await Talk.greeted(server)
      talk.say({ type: 'complete', id: 'never' })
      if ((await talk.hearRest()).length > 0) throw new Error('something was said')
      await talk.close()
    },
  },
  {
    name: 'runs several operations on one socket, each under its id',
    check: async (server) => {
      const talk = await Talk.greeted(server)
      const ids = ['one', 'two', 'three']
      for (const id of ids) talk.say(subscribe(id, server.query))
      const seen = new Set<string>()
      for (let count = 0; count < 2 * ids.length; count++) {
        const { id, type } = await talk.hear()
        seen.add(`${id} ${type}`)
      }
      for (const id of ids) {
        if (!seen.has(`${id} next`) || !seen.has(`${id} complete`)) throw new Error(`${id} was not answered`)
      }
      await talk.close()
    },
  },
  {
    name: 'closes with 1009 on a message larger than it takes',
    check: async (server) => {
      if (server.mostBytes === undefined) return
      const talk = await Talk.greeted(server)
      talk.say(`{"type":"ping","payload":{"pad":"${'x'.repeat(server.mostBytes)}"}}`)
      await talk.expectClose(1009)
    },
  },
]
