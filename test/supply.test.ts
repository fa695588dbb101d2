/** R48: what a server is made of is little, and nothing of it runs on installing. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

interface Entry {
  readonly dev?: boolean
  readonly hasInstallScript?: boolean
  readonly resolved?: string
  readonly integrity?: string
  readonly link?: boolean
}

const at = (name: string) => new URL(`../${name}`, import.meta.url)
const lock = JSON.parse(readFileSync(at('package-lock.json'), 'utf8')) as {
  packages: Readonly<Record<string, Entry>>
}
const packages = Object.entries(lock.packages).filter(([path]) => path !== '')
const runtime = packages.filter(([, { dev = false }]) => !dev)

it('a server is made of seventy packages at most', () => {
  expect(runtime.length).toBeGreaterThan(0)
  expect(runtime.length).toBeLessThanOrEqual(70)
})

it('none of them runs anything when it is installed', () => {
  expect(
    runtime.filter(([, { hasInstallScript = false }]) => hasInstallScript).map(([path]) => path),
  ).toEqual([])
})

it('the lockfile names no registry, and knows every package by its digest', () => {
  expect(packages.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([])
  expect(
    packages.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')).map(([path]) => path),
  ).toEqual([])
})

it('what is asked for is asked for by exact version', () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(at('package.json'), 'utf8')) as Record<
    'dependencies' | 'devDependencies',
    Readonly<Record<string, string>>
  >
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies }))
    expect([name, version]).toEqual([name, expect.stringMatching(/^\d+\.\d+\.\d+$/)])
})
