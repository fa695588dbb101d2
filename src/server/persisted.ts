/**
 * Published documents by their hash: those of `schema/operations/`, as the code generator lists them. A client may
 * send the hash in place of the text; in allow-list mode nothing else is answered.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { GraphQLError } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { exampleOperations } from './graphiql.ts'

const LIST = fileURLToPath(new URL('../../schema/generated/persisted-documents.json', import.meta.url))

export interface Persisted {
  /** The text for the hash an operation names; its own text where it names none. @throws GraphQLError */
  textOf(operation: Named): string | null | undefined
  isListed(text: string): boolean
  readonly size: number
}

/** The parts of an operation in which a hash may be. */
export interface Named {
  readonly query?: string | null | undefined
  readonly extensions?: unknown
  readonly documentId?: unknown
}

export function loadPersisted(path = LIST): Persisted {
  const listed = Object.entries(JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>)
  const byHash = new Map(listed.map(([id, text]) => [id.replace(/^sha256:/, ''), text]))
  // The same documents as their authors wrote them, for GraphiQL's tabs.
  for (const { query } of exampleOperations()) byHash.set(sha256(query), query)
  const texts = new Set(byHash.values())
  return {
    size: byHash.size,
    isListed: (text) => texts.has(text),
    textOf(operation) {
      const hash = hashIn(operation)
      if (hash === null) return operation.query
      const text = byHash.get(hash)
      if (text !== undefined) return text
      // Clients that try the hash first take this word as the request to send the text.
      if (!operation.query) throw notFound()
      return operation.query
    },
  }
}

/** Puts the text in the place of the hash before anyone looks for a text. */
export function usePersisted(persisted: Persisted): Plugin {
  return {
    onParams({ params, setParams }) {
      const { documentId: _, ...rest } = params as typeof params & Named
      const text = persisted.textOf(params as Named)
      if (text !== params.query && text) setParams({ ...rest, query: text })
    },
  }
}

/** Parameters beside the standard's own that a request may carry. */
export const EXTRA_PARAMETERS = ['documentId']

function hashIn({ extensions, documentId }: Named): string | null {
  if (typeof documentId === 'string') return documentId.replace(/^sha256:/, '')
  if (!isRecord(extensions) || !isRecord(extensions['persistedQuery'])) return null
  const hash = extensions['persistedQuery']['sha256Hash']
  return typeof hash === 'string' ? hash.replace(/^sha256:/, '') : null
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

const notFound = (): GraphQLError =>
  new GraphQLError('PersistedQueryNotFound', {
    extensions: { code: 'BAD_USER_INPUT', http: { status: 400 } },
  })
