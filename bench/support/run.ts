/** Runs one contender: its server pinned to one core, the load to the other. Hides processes and ports. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface Contender {
  readonly name: string
  /** Script relative to `bench/`. */
  readonly script: string
  readonly env?: Readonly<Record<string, string>>
}

export interface Load {
  readonly sockets: number
  /** One entry per subscription of a socket; an array is dealt out over the sockets, one to each in turn. */
  readonly payloads: readonly unknown[]
  readonly symbols: readonly string[]
  readonly ms: number
  /** Rounds a second; saturated when absent. */
  readonly rate?: number
  /** Each socket reads the one symbol its index deals it, not all of them. */
  readonly isDealt?: boolean
  /** Report how long ago the venue stamped what arrives. */
  readonly isStamped?: boolean
}

export interface Reading {
  readonly perSecond: number
  readonly bytesPerSecond: number
  readonly seconds: number
  readonly p50: number | null
  readonly p99: number | null
  readonly cpuMicrosPerMessage: number
  readonly rssBytes: number
  readonly failures?: number
}

export const here = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))
/** On a core of its own and, where allowed, before whatever else the machine runs. */
export function pinned(core: number, script: string, args: readonly string[]): [string, string[]] {
  const before = process.getuid?.() === 0 ? ['nice', '-n', '-15'] : []
  const on = availableParallelism() > 1 ? ['taskset', '-c', String(core)] : []
  const [command, ...rest] = [...before, ...on, process.execPath, script, ...args]
  return [command as string, rest]
}

export async function contest(contender: Contender, load: Load): Promise<Reading> {
  const { symbols, rate, isDealt, ...rest } = load
  return withServer(
    contender,
    {
      BENCH_SYMBOLS: JSON.stringify(symbols),
      ...(rate === undefined ? {} : { BENCH_RATE: String(rate) }),
      ...(isDealt === true ? { BENCH_DEALT: '1' } : {}),
    },
    (server, { service, control }) =>
      measure(server, 'support/readers.mjs', { port: service, control, ...rest }),
  )
}

export interface Asking {
  readonly body: string
  readonly ms: number
}

/** The same over HTTP: as many answers as sixteen connections get. */
export const request = (contender: Contender, load: Asking): Promise<Reading> =>
  withServer(contender, {}, (server, { service }) =>
    measure(server, 'support/http-load.mjs', { port: service, ...load }),
  )

interface Ports {
  readonly service: number
  readonly control?: number
}

/** Runs `use` while the contender's server stands. */
export async function withServer<T, Said = Ports>(
  { script, env }: Contender,
  more: Readonly<Record<string, string>>,
  use: (server: ChildProcess, said: Said) => Promise<T>,
  core = 0,
): Promise<T> {
  const [command, args] = pinned(core, here(script), [])
  const server = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_NO_WARNINGS: '1', ...env, ...more },
  })
  try {
    return await use(server, JSON.parse(await linesOf(server.stdout)()) as Said)
  } finally {
    server.kill('SIGKILL')
  }
}

export async function measure(server: ChildProcess, script: string, options: object): Promise<Reading> {
  const [command, args] = pinned(1, here(script), [])
  const load = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  load.stdin.end(JSON.stringify(options))
  const said = linesOf(load.stdout)
  await said()
  const before = cpuMicros(server.pid)
  const reading = JSON.parse(await said()) as Omit<Reading, 'cpuMicrosPerMessage' | 'rssBytes'>
  const cpu = (cpuMicros(server.pid) - before) / reading.seconds
  return { ...reading, cpuMicrosPerMessage: cpu / reading.perSecond, rssBytes: rssBytes(server.pid) }
}

/** Interleaves the contenders `runs` times and gives each one's median. */
export const interleaved = (
  contenders: readonly Contender[],
  load: Load,
  runs = 5,
): Promise<ReadonlyMap<string, Reading>> => interleaveAll(contenders, (each) => contest(each, load), runs)

export async function interleaveAll(
  contenders: readonly Contender[],
  once: (contender: Contender) => Promise<Reading>,
  runs: number,
): Promise<ReadonlyMap<string, Reading>> {
  const readings = new Map<string, Reading[]>()
  for (let run = 0; run < runs; run++) {
    for (const contender of contenders) {
      const reading = await once(contender).catch((error: unknown) => {
        process.stderr.write(`${contender.name}: ${String(error)}\n`)
        return null
      })
      if (reading !== null) readings.set(contender.name, [...(readings.get(contender.name) ?? []), reading])
    }
  }
  return new Map([...readings].map(([name, all]) => [name, medianOf(all)]))
}

function medianOf(readings: readonly Reading[]): Reading {
  const sorted = [...readings].sort((a, b) => a.perSecond - b.perSecond)
  return sorted[Math.floor(sorted.length / 2)] as Reading
}

/** The next whole line each time it is asked. */
export function linesOf(stream: NodeJS.ReadableStream): () => Promise<string> {
  const lines = createInterface({ input: stream })[Symbol.asyncIterator]()
  return async () => {
    const { done, value } = await lines.next()
    if (done === true) throw new Error('ended before it said anything')
    return value
  }
}

const TICK_MICROS = 10_000

export function cpuMicros(pid: number | undefined): number {
  const fields = readProc(pid, 'stat')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MICROS
}

export function rssBytes(pid: number | undefined): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readProc(pid, 'status'))?.[1] ?? 0) * 1024
}

function readProc(pid: number | undefined, name: string): string {
  return pid === undefined ? '' : readFileSync(`/proc/${pid}/${name}`, 'utf8')
}
