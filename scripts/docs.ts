/**
 * Writes the parts of the documentation that are facts of the code: the table of environment variables in
 * `docs/operations.md` and the catalogue of errors, `docs/errors.md`. With `--check` it writes nothing and fails
 * where a committed page differs.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isEnumType } from 'graphql'
import { ERROR_CODES, FacadeError } from '../src/domain/errors.ts'
import { VARIABLES } from '../src/environment.ts'
import { buildSchema } from '../src/graphql/schema.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const OPERATIONS = 'docs/operations.md'
const ERRORS = 'docs/errors.md'
const TABLE = /(<!-- environment: printed by scripts\/docs\.ts -->\n)[\s\S]*?(<!-- end -->)/

/** Each page that is printed, as it should be. */
export function pages(operations: string): Readonly<Record<string, string>> {
  return {
    [OPERATIONS]: operations.replace(
      TABLE,
      (_all, start: string, end: string) => `${start}\n${environment()}\n${end}`,
    ),
    [ERRORS]: errors(),
  }
}

function environment(): string {
  const rows = Object.values(VARIABLES).map(
    ({ name, fallback, form, meaning }) =>
      `| \`${name}\` | ${fallback === '' ? '' : `\`${fallback}\``} | ${meaning} | ${form.replaceAll('|', '\\|')} |`,
  )
  return `| variable | left out | meaning | form |\n|---|---|---|---|\n${rows.join('\n')}\n`
}

function errors(): string {
  const type = buildSchema().getType('ErrorCode')
  const meanings = new Map(
    isEnumType(type) ? type.getValues().map(({ name, description }) => [name, description]) : [],
  )
  const rows = ERROR_CODES.map((code) => {
    const { isRetryable } = new FacadeError(code, '')
    return `| \`${code}\` | ${meanings.get(code) ?? ''} | ${isRetryable ? 'yes' : 'no'} |`
  })
  return `# Errors

Every entry of \`errors\` carries \`extensions.code\`, one of the values below and no other, with
\`extensions.retryable\` and \`extensions.requestId\`. Instants in extensions (\`retryAt\`, \`earliest\`) are RFC 3339.
This page is printed from the schema by \`npm run docs\`.

| code | meaning | worth repeating unchanged |
|---|---|---|
${rows.join('\n')}

## How they arrive

| over | a refusal before anything ran | an error of one field | the end of a subscription |
|---|---|---|---|
| HTTP | the status: 400, 401 (\`UNAUTHENTICATED\`), 413 (body), 429 (\`RATE_LIMITED\`), 503 (overload), 500 | 200, the field null, the error beside it | |
| server-sent events | one event with \`errors\`; QUERY_TOO_COMPLEX, 401, 429 and 503 as over HTTP | inside the event | one last event with \`errors\` |
| WebSocket | an \`error\` message under the operation's id; where the stream itself refuses (\`RESUME_EXPIRED\`, \`UNKNOWN_SYMBOL\`), one \`next\` with \`errors\` and then \`complete\` | inside \`next\` | an \`error\` message under the operation's id |

## Close codes of a WebSocket

| code | why |
|---|---|
| 1001 | The server is leaving. Connect again: another one answers. |
| 1008, 1009 | A message in too many pieces, or of more than 64 kB. |
| 4400 | Not a message of \`graphql-transport-ws\`. |
| 4401 | An operation before \`connection_init\` was acknowledged. |
| 4403 | Credentials missing, not accepted, or at their end. |
| 4406 | The client does not offer \`graphql-transport-ws\`. |
| 4408 | No \`connection_init\` within three seconds. |
| 4409 | A second operation under an id that is running. |
| 4429 | A second \`connection_init\`, or too many messages. |
| 4500 | Our fault; the log knows more. |
| 1006 | No code at all: the network broke, or the socket took nothing for so long that it was cut. |
`
}

function main(isCheck: boolean): number {
  let drifted = 0
  for (const [path, text] of Object.entries(pages(readIfThere(OPERATIONS)))) {
    if (readIfThere(path) === text) continue
    drifted++
    if (isCheck)
      process.stderr.write(`${path} is not what the code prints; run \`npm run docs\` and commit.\n`)
    else {
      writeFileSync(`${ROOT}${path}`, text)
      process.stdout.write(`wrote ${path}\n`)
    }
  }
  return isCheck && drifted > 0 ? 1 : 0
}

const readIfThere = (path: string): string =>
  existsSync(`${ROOT}${path}`) ? readFileSync(`${ROOT}${path}`, 'utf8') : ''

if (import.meta.main) process.exitCode = main(process.argv.includes('--check'))
