import { defineConfig } from 'vitest/config'

export default defineConfig({
  // One copy of graphql for the tests and the libraries they call: without these conditions
  // `schema instanceof GraphQLSchema` is false across the module boundary.
  ssr: {
    resolve: {
      conditions: ['node', 'import', 'module-sync', 'default'],
      externalConditions: ['node'],
    },
  },
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', './test/support/closing-line.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
  },
})
