/** What one recording run has in common: its wishes, its end, its files and what went wrong. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { RecordOptions } from './record.ts'
import type { Recording } from './recording.ts'

export interface Run {
  readonly options: RecordOptions
  readonly ended: AbortSignal
  readonly files: { readonly file: string; readonly records: number }[]
  readonly failures: string[]
}

export async function closeRecording(recording: Recording, { files }: Run): Promise<void> {
  if (recording.count() > 0) files.push({ file: recording.file, records: recording.count() })
  await recording.close()
}

export async function pause(ms: number, ended: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal: ended }).catch(() => {})
}

export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
