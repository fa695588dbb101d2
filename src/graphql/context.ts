/** What every resolver is handed: the facade, this operation's loaders, and who asks. Made once per operation. */
import type { Facade } from '../facade/facade.ts'
import { createLoaders } from './loaders.ts'
import type { Loaders } from './loaders.ts'

/** Who asks, once they have been let in. */
export interface Principal {
  readonly id: string
}

export interface OperationContext {
  readonly facade: Facade
  readonly loaders: Loaders
  /** Aborted when the asker hangs up. */
  readonly signal: AbortSignal
  /** Finds this operation in the log; sent back with every error. */
  readonly requestId: string
  /** Null where the server is open to everyone. */
  readonly principal: Principal | null
}

export type Asker = Omit<OperationContext, 'loaders'>

export function createContext({ facade, signal, requestId, principal }: Asker): OperationContext {
  return { facade, loaders: createLoaders(facade.warm, signal), signal, requestId, principal }
}
