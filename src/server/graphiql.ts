/**
 * The page at `/graphql` for people: GraphiQL from our own disk, nothing loaded from elsewhere, opened with
 * the documents of `schema/operations/` as tabs, their variables filled in.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
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

export function graphiqlOptions(): GraphiQLOptions {
  return {
    title: 'CryptoRun facade',
    subscriptionsProtocol: 'WS',
    defaultTabs: exampleOperations().map(({ query, variables }) => ({
      query,
      variables: JSON.stringify(variables, null, 2),
    })),
  }
}

let page: Promise<string> | null = null

/** The page is nine megabytes of script: loaded when first asked for, and made once. */
export function renderPage(options: GraphiQLOptions): Promise<string> {
  page ??= import('@graphql-yoga/render-graphiql').then(({ renderGraphiQL }) =>
    renderGraphiQL(options).replace('<script>', () => `<script>${firstVisit(options)}</script><script>`),
  )
  return page
}

/** On a first visit GraphiQL gives the front tab the variables of its storage instead of the tab's own; so they wait there. */
function firstVisit({ defaultTabs }: GraphiQLOptions): string {
  const variables = JSON.stringify(defaultTabs?.[0]?.variables ?? '{}').replaceAll('<', '\\u003c')
  return `localStorage.getItem('graphiql:tabState') ?? localStorage.setItem('graphiql:variables', ${variables})`
}
