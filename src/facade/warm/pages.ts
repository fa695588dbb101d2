/** One answer out of several requests to one source. */
import type { Transport } from '../../wire/http.ts'
import { reading } from '../../wire/request.ts'
import type { Reading, Request } from '../../wire/request.ts'

export async function sendAll<T>(
  transport: Transport,
  requests: readonly Request<readonly T[]>[],
  signal: AbortSignal,
): Promise<Reading<readonly T[]>> {
  const pages = await Promise.all(requests.map((request) => transport.send(request, { signal })))
  const rows: T[] = []
  let failed: Reading<never> | null = null
  for (const page of pages) {
    if (page.ok) rows.push(...page.value)
    else failed = page
  }
  // A venue that is asked instrument by instrument may fail for one of them alone.
  return rows.length === 0 && failed !== null ? failed : reading(rows)
}
