/** A short soak: the long one is `npm run soak -- --minutes N`. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { printFigure } from '../support/figure.ts'

it('the whole house under trouble grows nothing, loses nothing and tells nothing twice', async () => {
  const script = fileURLToPath(new URL('../../bench/soak.ts', import.meta.url))
  const soak = spawn(process.execPath, [script, '--minutes', '0.12', '--seed', '29'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let report = ''
  soak.stdout.setEncoding('utf8').on('data', (text: string) => void (report += text))
  const code = await new Promise((resolve) => soak.on('close', resolve))
  printFigure(`R29: ${report.split('\n').find((line) => line.includes('heap')) ?? 'no report'}`)
  expect(report.split('\n').filter((line) => line.startsWith('FAIL'))).toEqual([])
  expect([code, report.trimEnd().split('\n').at(-1)]).toEqual([0, 'soak passed'])
}, 120_000)
