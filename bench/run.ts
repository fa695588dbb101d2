/**
 * `npm run bench [-- row…] [--quick]`: runs the rows named, or all of them, and writes RESULTS.md: our figure, each
 * peer's and the limit's of the same run, and the goal beside it, also where we fall short.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { arch, cpus, release } from 'node:os'
import { parseArgs } from 'node:util'
import { fanout, mixed, topics } from './fanout.ts'
import { ingest } from './ingest.ts'
import { latency } from './latency.ts'
import { book, decode, growth, memory, reconcile, texts } from './rows.ts'
import { start } from './start.ts'
import { warm } from './warm.ts'
import { markdownOf } from './support/report.ts'
import type { Row } from './support/report.ts'

const HEAD = `# Results

Written by \`npm run bench\`. Every figure of a table was measured in one run, contenders taking turns, the server on one
core and the load on the other. Only ratios within a table mean anything: figures drift with the machine. Goals we do
not reach stay in the list.
`

const MEASURED: Readonly<Record<string, Row>> = {
  fanout,
  topics,
  mixed,
  latency,
  warm,
  decode,
  ingest,
  book,
  reconcile,
  memory,
  growth,
  start,
}
const ROWS = [...Object.keys(MEASURED), ...Object.keys(texts)]

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, runs: { type: 'string', default: '5' } },
  allowPositionals: true,
})
const isQuick = values.quick
const mode = { isQuick, runs: isQuick ? 1 : Number(values.runs) }
const unknown = positionals.find((name) => !ROWS.includes(name))
if (unknown !== undefined) {
  process.stderr.write(`no row ${unknown}; there are: ${ROWS.join(', ')}\n`)
  process.exit(2)
}

const FILE = new URL('RESULTS.md', import.meta.url)
for (const name of positionals.length > 0 ? positionals : ROWS) {
  process.stderr.write(`${name} …\n`)
  const text = (await texts[name]?.()) ?? (await (MEASURED[name] as Row)(mode)).map(markdownOf).join('\n')
  process.stdout.write(`${text}\n`)
  keep(name, text)
}
process.exit(0)

/** Replaces this row's section and leaves the others as they were measured. */
function keep(name: string, text: string): void {
  const sections = new Map(sectionsOf(existsSync(FILE) ? readFileSync(FILE, 'utf8') : ''))
  sections.set(name, `_${machine()}_\n\n${text}`)
  const parts = ROWS.flatMap((row) => {
    const section = sections.get(row)
    return section === undefined ? [] : [`## ${row}\n\n${section.trim()}\n`]
  })
  writeFileSync(FILE, `${HEAD}\n${parts.join('\n')}`)
}

function sectionsOf(file: string): [string, string][] {
  return file
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), section.slice(section.indexOf('\n')).trim()])
}

function machine(): string {
  const days = new Date().toISOString().slice(0, 10)
  const how = isQuick ? 'quick: one short run' : `median of ${mode.runs} interleaved runs`
  return `${days}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? arch()}, Linux ${release().split('-')[0]}, Node ${process.versions.node}; ${how}`
}
