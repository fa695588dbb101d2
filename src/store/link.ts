/**
 * Connections to Redis. Hides the forms of its URL (one server, Sentinel, Cluster), the options that make every
 * command fail fast instead of queueing, and which commands may travel together on a Cluster.
 */
import { Cluster, Redis } from 'ioredis'
import type { ChainableCommander, RedisOptions } from 'ioredis'
import { slotOf } from './slots.ts'

export interface LinkOptions {
  readonly url: string
  readonly poolSize: number
  readonly onReady: () => void
  readonly onError: (cause: Error) => void
  /** In [0, 1): spreads the returns of many processes. */
  readonly random?: () => number
}

export type Client = Redis | Cluster

export interface Link {
  readonly isCluster: boolean
  /** The next connection of the pool that is ready. @throws when none is. */
  client(): Client
  /** Positions of the keys, in groups that one pipeline may carry: all of them, but for a Cluster. */
  groups(keys: readonly string[]): readonly (readonly number[])[]
  renew(): void
  close(): void
}

type Options = Omit<RedisOptions, 'replyMapping'>

const FAIL_FAST = {
  maxRetriesPerRequest: 1,
  enableOfflineQueue: false,
  // The gate asks for itself, and so learns LOADING and NOAUTH by name.
  enableReadyCheck: false,
  commandTimeout: 250,
  connectTimeout: 500,
  autoResendUnfulfilledCommands: false,
} as const

const backoffOf =
  (random: () => number) =>
  (attempt: number): number =>
    Math.min(50 * 2 ** Math.min(attempt - 1, 10), 500) + random() * 50

export function openLink(options: LinkOptions): Link {
  const clients = connect(options)
  for (const client of clients) {
    client.on('ready', options.onReady)
    client.on('error', options.onError)
  }
  let turn = 0
  const client = (): Client => {
    for (const _ of clients) {
      turn = (turn + 1) % clients.length
      const next = clients[turn] as Client
      if (next.status === 'ready') return next
    }
    throw new Error('no connection is ready')
  }
  const isCluster = clients[0] instanceof Cluster
  return {
    isCluster,
    client,
    groups(keys) {
      const only = clients[0]
      return only instanceof Cluster ? groupsOf(only, keys) : [[...keys.keys()]]
    },
    renew: () => clients.forEach((each) => each.disconnect(true)),
    close: () => clients.forEach((each) => each.disconnect()),
  }
}

/** Runs a pipeline and gives its replies. @throws the first error among them. */
export async function replies(pipeline: ChainableCommander): Promise<readonly unknown[]> {
  const results = await pipeline.exec()
  return (results ?? []).map(([error, value]) => {
    if (error !== null) throw error
    return value
  })
}

function connect({ url, poolSize, random = () => 0 }: LinkOptions): readonly Client[] {
  const backoff = backoffOf(random)
  const { scheme, username, password, hosts, path } = parts(url)
  const credentials = { ...(username ? { username } : {}), ...(password ? { password } : {}) }
  if (scheme === 'redis+cluster' || scheme === 'rediss+cluster') {
    const tls = scheme === 'rediss+cluster' ? { tls: {} } : {}
    return [
      new Cluster([...hosts], {
        enableOfflineQueue: false,
        enableReadyCheck: true,
        clusterRetryStrategy: backoff,
        maxRedirections: 4,
        retryDelayOnFailover: 50,
        retryDelayOnClusterDown: 50,
        slotsRefreshTimeout: 1000,
        slotsRefreshInterval: 5000,
        redisOptions: { ...credentials, ...tls, commandTimeout: 250, connectTimeout: 500 },
      }),
    ]
  }
  const each: Options = { ...FAIL_FAST, retryStrategy: backoff }
  if (scheme !== 'redis+sentinel') return poolOf(poolSize, () => new Redis(url, each))
  const sentinel: Options = {
    ...each,
    ...credentials,
    sentinels: [...hosts],
    name: path || 'mymaster',
    sentinelRetryStrategy: backoff,
    // After a failover the old master turns read-only: look for the new one.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  }
  return poolOf(poolSize, () => new Redis(sentinel))
}

const poolOf = (size: number, open: () => Redis): readonly Redis[] => Array.from({ length: size }, open)

function parts(url: string) {
  const match = /^([a-z+]+):\/\/(?:([^@]*)@)?([^/?]*)(?:\/([^?]*))?/.exec(url)
  const [username = '', password = ''] = (match?.[2] ?? '').split(':').map((text) => decodeURIComponent(text))
  const hosts = (match?.[3] ?? '').split(',').map((host) => {
    const colon = host.lastIndexOf(':')
    return colon === -1
      ? { host, port: 6379 }
      : { host: host.slice(0, colon), port: Number(host.slice(colon + 1)) }
  })
  return { scheme: match?.[1] ?? 'redis', username, password, hosts, path: match?.[4] ?? '' }
}

/** A pipeline may go to one node only: keys whose slots the same nodes serve go together. */
function groupsOf(cluster: Cluster, keys: readonly string[]): readonly (readonly number[])[] {
  const groups = new Map<string, number[]>()
  for (const [position, key] of keys.entries()) {
    const nodes = (cluster.slots[slotOf(key)] ?? []).join(';')
    const group = groups.get(nodes)
    if (group === undefined) groups.set(nodes, [position])
    else group.push(position)
  }
  return [...groups.values()]
}
