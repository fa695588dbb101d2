/** Row: one book (20 levels a side, attribution) to N graphql-ws readers, ours beside its peers and the limits. */
import { DOCUMENT, variablesOf } from './support/event.mjs'
import { interleaved } from './support/run.ts'
import type { Contender } from './support/run.ts'

const CONTENDERS: readonly Contender[] = [
  { name: 'ours', script: 'servers/ours.ts' },
  { name: 'plain Yoga', script: 'peers/yoga.mjs' },
  { name: 'mercurius', script: 'peers/mercurius.mjs' },
  { name: 'graphql-js', script: 'peers/graphqljs.mjs' },
  { name: 'graphql-jit', script: 'peers/graphqljs.mjs', env: { BENCH_JIT: '1' } },
  { name: 'limit A (ws.send)', script: 'peers/limit.mjs', env: { BENCH_LIMIT: 'send' } },
  { name: 'limit B (frame)', script: 'peers/limit.mjs', env: { BENCH_LIMIT: 'frame' } },
]

export async function fanout(sockets: number, runs = 5, ms = 4_000, names?: readonly string[]) {
  return interleaved(
    CONTENDERS.filter(({ name }) => names === undefined || names.includes(name)),
    { sockets, symbols: ['BTC-USD'], payloads: [{ query: DOCUMENT, variables: variablesOf('BTC-USD') }], ms },
    runs,
  )
}

if (import.meta.main) {
  const readings = await fanout(Number(process.argv[2] ?? 1000), Number(process.argv[3] ?? 1), 3000)
  for (const [name, { perSecond, cpuMicrosPerMessage }] of readings) {
    process.stdout.write(
      `${name}: ${Math.round(perSecond)}/s, ${cpuMicrosPerMessage.toFixed(1)} µs/message\n`,
    )
  }
}
