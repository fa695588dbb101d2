/** Yoga's parsing and validation, answered from our own documents: one cache, one set of bounds for every way in. */
import type { ExecutionArgs } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import type { Documents } from './documents.ts'
import { refusalError } from './guard.ts'
import type { Guard } from './guard.ts'

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

/** The last look before anything runs: the variables are known now, and with them the cost. */
export function useGuard(guard: Guard): Plugin {
  const look = ({ args, setResultAndStopExecution }: Look): void => {
    args.hideSuggestions = guard.hidesSuggestions
    const refusal = guard.refusal(args.document, args.operationName, args.variableValues ?? null)
    if (refusal !== null) setResultAndStopExecution({ errors: [refusalError(refusal)] })
  }
  return { onExecute: look, onSubscribe: look }
}

interface Look {
  readonly args: ExecutionArgs
  readonly setResultAndStopExecution: (result: { errors: ReturnType<typeof refusalError>[] }) => void
}
