/**
 * The page at `/graphql` for people: GraphiQL from our own disk, nothing loaded from elsewhere, opened with
 * the documents of `schema/operations/` as tabs, their variables filled in.
 */
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { GraphiQLOptions } from 'graphql-yoga'

export interface ExampleOperation {
  /** File name without its ending: `"watchlist"`. */
  readonly name: string
  readonly query: string
  readonly variables: Readonly<Record<string, unknown>>
}

const DIRECTORY = fileURLToPath(new URL('../../schema/operations/', import.meta.url))
const ORDER = [
  'watchlist',
  'why-this-price',
  'chart',
  'ladder',
  'live-ladder',
  'live-trades',
  'live-prices',
  'health',
]
const VARIABLES = /^# variables: (\{.*\})\n/m

/** The documents a frontend would write, those most worth a look first. */
export function exampleOperations(): readonly ExampleOperation[] {
  const names = readdirSync(DIRECTORY)
    .filter((file) => file.endsWith('.graphql'))
    .map((file) => file.replace(/\.graphql$/, ''))
  const rank = (name: string): number => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length)
  return names
    .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b))
    .map((name) => {
      const text = readFileSync(`${DIRECTORY}${name}.graphql`, 'utf8')
      const variables: Readonly<Record<string, unknown>> = JSON.parse(VARIABLES.exec(text)?.[1] ?? '{}')
      return { name, query: text.replace(VARIABLES, ''), variables }
    })
}

function graphiqlOptions(): GraphiQLOptions {
  return {
    title: 'CryptoRun facade',
    subscriptionsProtocol: 'WS',
    defaultTabs: exampleOperations().map(({ query, variables }) => ({
      query,
      variables: JSON.stringify(variables, null, 2),
    })),
  }
}

/** True for a browser that comes to look rather than to ask. */
export const isPage = ({ method, headers, url = '' }: IncomingMessage): boolean =>
  method === 'GET' && !/[?&](query|extensions|documentId)=/.test(url)
    ? (headers.accept?.includes('text/html') ?? false)
    : false

/** Sends the page, compressed for those who take it so; not again to those who have it. */
export async function sendPage({ headers }: IncomingMessage, response: ServerResponse): Promise<void> {
  page ??= makePage()
  const { etag, plain, packed } = await page
  response.setHeader('etag', etag)
  response.setHeader('cache-control', 'no-cache')
  response.setHeader('vary', 'accept, accept-encoding')
  if (headers['if-none-match']?.includes(etag) === true) return void response.writeHead(304).end()
  const isPacked = takesGzip(headers['accept-encoding'])
  const body = isPacked ? packed : plain
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': body.length,
    ...(isPacked ? { 'content-encoding': 'gzip' } : {}),
  })
  response.end(body)
}

const takesGzip = (accepted = ''): boolean =>
  accepted.split(',').some((each) => /^\s*gzip\s*(;\s*q=(?!0(\.0*)?\s*$)[\d.]+)?\s*$/i.test(each))

interface Page {
  readonly etag: string
  readonly plain: Buffer
  readonly packed: Buffer
}

let page: Promise<Page> | null = null

/** The page is nine megabytes of script: loaded when first asked for, made and compressed once. */
async function makePage(): Promise<Page> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql')
  const options = graphiqlOptions()
  const text = renderGraphiQL(options).replace(
    '<script>',
    () => `<script>${firstVisit(options)}</script><script>`,
  )
  const plain = Buffer.from(text)
  const digest = createHash('sha256').update(plain).digest('base64url')
  // Weak: the same page, however it is encoded.
  return { etag: `W/"${digest}"`, plain, packed: await compress(plain) }
}

const compress = promisify<Buffer, Buffer>(gzip)

/** On a first visit GraphiQL gives the front tab the variables of its storage instead of the tab's own; so they wait there. */
function firstVisit({ defaultTabs }: GraphiQLOptions): string {
  const variables = JSON.stringify(defaultTabs?.[0]?.variables ?? '{}').replaceAll('<', '\\u003c')
  return `localStorage.getItem('graphiql:tabState') ?? localStorage.setItem('graphiql:variables', ${variables})`
}
