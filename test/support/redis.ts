/**
 * Real Redis servers for tests: on free ports, in a scratch folder, nothing kept. Installs Debian's
 * package by the project's script where it is missing; where that cannot be done the tests fail and say so.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface RedisServer {
  readonly port: number
  readonly url: string
  readonly pid: number
  signal(signal: NodeJS.Signals): void
  /** Ends the process at once, as a power cut would, and waits until it is gone. */
  kill(): Promise<void>
  /** Starts again on the same port, empty. */
  restart(): Promise<void>
  /** Kills it and removes its folder. */
  stop(): Promise<void>
}

export interface RedisNodes {
  readonly url: string
  readonly nodes: readonly RedisServer[]
  stop(): Promise<void>
}

export interface RedisSentinel extends RedisNodes {
  readonly master: RedisServer
  readonly replica: RedisServer
}

const HOST = '127.0.0.1'
let isInstalled = false

export function ensureRedis(): void {
  if (isInstalled) return
  const script = join(import.meta.dirname, '../../scripts/redis.sh')
  const run = spawnSync('sh', [script], { encoding: 'utf8' })
  if (run.status !== 0) {
    throw new Error(
      `these tests need a redis-server, and it could not be installed:\n${run.stderr.slice(-600)}`,
    )
  }
  isInstalled = true
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

export async function startRedis(
  options: { readonly port?: number; readonly args?: readonly string[] } = {},
): Promise<RedisServer> {
  ensureRedis()
  const port = options.port ?? (await freePort())
  const folder = await mkdtemp(join(tmpdir(), 'facade-redis-'))
  const args = ['--port', `${port}`, '--bind', HOST, '--dir', folder, '--save', '', '--appendonly', 'no']
  const start = () => launch(port, [...args, ...(options.args ?? [])])
  let child = await start()
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }
  return {
    port,
    url: `redis://${HOST}:${port}`,
    get pid() {
      return child.pid ?? 0
    },
    signal: (signal) => void child.kill(signal),
    kill,
    async restart() {
      await kill()
      child = await start()
    },
    async stop() {
      await kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Three masters that share the slots. */
export async function startCluster(): Promise<RedisNodes> {
  const nodes: RedisServer[] = []
  for (let count = 0; count < 3; count++) nodes.push(await startClusterNode())
  const hosts = nodes.map(({ port }) => `${HOST}:${port}`)
  cli(['--cluster', 'create', ...hosts, '--cluster-replicas', '0', '--cluster-yes'])
  for (const { port } of nodes) {
    await until(() => cli(['-p', `${port}`, 'cluster', 'info']).includes('cluster_state:ok'))
  }
  return { url: `redis+cluster://${hosts.join(',')}`, nodes, stop: () => stopAll(nodes) }
}

async function startClusterNode(): Promise<RedisServer> {
  // The nodes' own bus listens ten thousand ports above by default, which may be no port at all.
  const bus = await freePort()
  return startRedis({
    args: ['--cluster-enabled', 'yes', '--cluster-port', `${bus}`, '--cluster-node-timeout', '2000'],
  })
}

/** A master, a replica, and three sentinels that replace the master one second after it is gone. */
export async function startSentinel(): Promise<RedisSentinel> {
  const master = await startRedis()
  const replica = await startRedis({ args: ['--replicaof', `${HOST} ${master.port}`] })
  await until(() => cli(['-p', `${replica.port}`, 'info', 'replication']).includes('master_link_status:up'))
  const watchers: RedisServer[] = []
  for (let count = 0; count < 3; count++) watchers.push(await startWatcher(master.port))
  const knowsAll = (port: number): boolean => {
    const facts = cli(['-p', `${port}`, 'sentinel', 'master', 'prices']).split('\n')
    const of = (name: string): string | undefined => facts[facts.indexOf(name) + 1]
    return of('num-other-sentinels') === '2' && of('num-slaves') === '1'
  }
  for (const { port } of watchers) await until(() => knowsAll(port))
  const hosts = watchers.map(({ port }) => `${HOST}:${port}`).join(',')
  const nodes = [...watchers, master, replica]
  return { url: `redis+sentinel://${hosts}/prices`, nodes, master, replica, stop: () => stopAll(nodes) }
}

async function startWatcher(masterPort: number): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'facade-sentinel-'))
  const file = join(folder, 'sentinel.conf')
  const lines = [
    `sentinel monitor prices ${HOST} ${masterPort} 2`,
    'sentinel down-after-milliseconds prices 1000',
    'sentinel failover-timeout prices 5000',
  ]
  await writeFile(file, lines.join('\n'))
  const port = await freePort()
  const child = await launch(port, [file, '--sentinel', '--port', `${port}`, '--bind', HOST])
  const kill = async (): Promise<void> => {
    const gone = new Promise((resolve) => child.once('exit', resolve))
    if (child.kill('SIGKILL')) await gone
  }
  return {
    port,
    url: `redis://${HOST}:${port}`,
    pid: child.pid ?? 0,
    signal: (signal) => void child.kill(signal),
    kill,
    restart: () => Promise.reject(new Error('a sentinel is not restarted')),
    async stop() {
      await kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const stopAll = async (nodes: readonly RedisServer[]): Promise<void> => {
  await Promise.all(nodes.map((node) => node.stop()))
}

/** Runs `redis-cli`; its output. */
export const cli = (args: readonly string[]): string =>
  execFileSync('redis-cli', [...args], { encoding: 'utf8' })

async function launch(port: number, args: readonly string[]): Promise<ChildProcess> {
  const child = spawn('redis-server', [...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const output of [child.stdout, child.stderr])
    output.on('data', (text: Buffer) => (said += text.toString()))
  await until(() => {
    if (child.exitCode !== null) throw new Error(`redis-server ended:\n${said.slice(-600)}`)
    return accepts(port)
  })
  return child
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, HOST)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('close', () => socket.destroy()).on('connect', () => socket.end())
  })

/** Asks again until it is so; gives up after `withinMs`. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  withinMs = 20_000,
  what = 'the condition never came true',
): Promise<void> {
  const end = performance.now() + withinMs
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(what)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
