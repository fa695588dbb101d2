/**
 * `npm run codegen` prints the schema to `schema/schema.graphql` and types the documents of `schema/operations/`
 * into `schema/generated/`. With `--check` it writes nothing and fails where a committed file differs. Either way
 * it refuses a change that breaks clients unless `schema/breaking-changes.md` names it.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generate } from '@graphql-codegen/cli'
import type { CodegenConfig } from '@graphql-codegen/cli'
import { buildSchema as schemaFromText, findBreakingChanges, printSchema } from 'graphql'
import { buildSchema } from './src/graphql/schema.ts'

const ROOT = dirname(fileURLToPath(import.meta.url))
const SDL = 'schema/schema.graphql'
const DECLARED = 'schema/breaking-changes.md'

const config: CodegenConfig = {
  cwd: ROOT,
  schema: join(ROOT, SDL),
  documents: [join(ROOT, 'schema/operations/*.graphql')],
  silent: true,
  generates: {
    [join(ROOT, 'schema/generated/')]: {
      preset: 'client',
      presetConfig: { fragmentMasking: false, persistedDocuments: true },
      config: {
        useTypeImports: true,
        importExtension: '.ts',
        enumType: 'string-literal',
        strictScalars: true,
        immutableTypes: true,
        scalars: { Decimal: 'string', DateTime: 'string', Symbol: 'string', ID: 'string' },
      },
    },
  },
}

/** What a client of `before` would miss in `after` and nobody has owned up to. One sentence each. */
export function undeclaredBreaks(before: string, after: string, declared: string): readonly string[] {
  return findBreakingChanges(schemaFromText(before), schemaFromText(after))
    .map(({ description }) => description)
    .filter((description) => !declared.includes(description))
}

async function main(isCheck: boolean): Promise<number> {
  const sdl = `${printSchema(buildSchema())}\n`
  const breaks = undeclaredBreaks(publishedBefore(sdl), sdl, readIfThere(DECLARED))
  for (const change of breaks)
    complain(`breaks clients: ${change} Take it back, or add this sentence to ${DECLARED}.`)
  if (breaks.length > 0) return 1
  // The documents are typed from the printed schema, so it is compared first and on its own.
  if (isCheck && readIfThere(SDL) !== sdl) {
    complain(`${SDL} is not what the code prints; run \`npm run codegen\` and commit.`)
    return 1
  }
  const files = [{ filename: join(ROOT, SDL), content: sdl }, ...(await typedDocuments(sdl))]
  const drifted = files.filter(({ filename, content }) => readIfThere(filename) !== content)
  if (isCheck) {
    for (const { filename } of drifted)
      complain(`${filename.slice(ROOT.length + 1)} is out of date; run \`npm run codegen\` and commit.`)
    return drifted.length === 0 ? 0 : 1
  }
  for (const { filename, content } of drifted) {
    mkdirSync(dirname(filename), { recursive: true })
    writeFileSync(filename, content)
    process.stdout.write(`wrote ${filename.slice(ROOT.length + 1)}\n`)
  }
  return 0
}

async function typedDocuments(sdl: string): Promise<readonly { filename: string; content: string }[]> {
  const written: { filename: string; content: string }[] = await generate({ ...config, schema: sdl }, false)
  return written.map(({ filename, content }) => ({
    filename,
    content: content.endsWith('\n') ? content : `${content}\n`,
  }))
}

/** The schema clients knew before the present one: as committed, or as committed before the commit that made it so. */
function publishedBefore(sdl: string): string {
  const commits = git('log', '-n', '2', '--format=%H', '--', SDL).trim().split('\n').filter(Boolean)
  for (const commit of commits) {
    const text = git('show', `${commit}:${SDL}`)
    if (text !== '' && text !== sdl) return text
  }
  return sdl
}

/** Empty where there is no history to ask. */
function git(...args: readonly string[]): string {
  try {
    return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  } catch {
    return ''
  }
}

function readIfThere(path: string): string {
  const full = path.startsWith('/') ? path : join(ROOT, path)
  return existsSync(full) ? readFileSync(full, 'utf8') : ''
}

function complain(sentence: string): void {
  process.stderr.write(`${sentence}\n`)
}

if (import.meta.main) process.exitCode = await main(process.argv.includes('--check'))
