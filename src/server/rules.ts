/** Yoga's parsing and validation, answered from our own documents: one cache, one set of bounds for every way in. */
import type { Plugin } from 'graphql-yoga'
import type { Documents } from './documents.ts'

export function useDocuments(documents: Documents): Plugin {
  return {
    onParse: ({ params, setParsedDocument }) => {
      const { document, errors } = documents.prepare(String(params.source))
      if (document === null) throw errors[0]
      setParsedDocument(document)
    },
    onValidate: ({ params, setResult }) => {
      const known = documents.of(params.documentAST)
      if (known !== null) setResult(known.errors ?? [])
    },
  }
}
