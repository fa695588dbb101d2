/** How a source's minute is shared out. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createBudget, narrowed } from '../../src/wire/budget.ts'
import type { BudgetFacts } from '../../src/wire/budget.ts'
import { TestClock } from '../support/clock.ts'

function budgetOf(facts: BudgetFacts) {
  const clock = new TestClock()
  return { clock, budget: createBudget(facts, clock) }
}

describe('a budget of five a minute', () => {
  it('lets people spend all of it, then says when the next is free', () => {
    const { clock, budget } = budgetOf({ unitsPerMinute: 5 })
    for (let count = 0; count < 5; count++) {
      expect(budget.spend(1, 'user')).toBeNull()
      clock.advance(1000)
    }
    expect(budget.spend(1, 'user')).toEqual({ retryAfterMs: 55_000 })
    expect(budget.quota()).toEqual({ remaining: 0, resetAt: clock.now() + 59_000 })
    clock.advance(55_000)
    expect(budget.spend(1, 'user')).toBeNull()
  })

  it('keeps a part for people when refreshes are hungry', () => {
    const { budget } = budgetOf({ unitsPerMinute: 5 })
    for (let count = 0; count < 4; count++) expect(budget.spend(1, 'background')).toBeNull()
    expect(budget.spend(1, 'background')).toEqual({ retryAfterMs: 60_000 })
    expect(budget.spend(1, 'user')).toBeNull()
  })

  it('never spends more than five in any sixty seconds', () => {
    const step = fc.record({
      wait: fc.integer({ min: 0, max: 20_000 }),
      units: fc.integer({ min: 1, max: 3 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { clock, budget } = budgetOf({ unitsPerMinute: 5 })
        const spent: { at: number; units: number }[] = []
        for (const { wait, units } of steps) {
          clock.advance(wait)
          if (budget.spend(units, 'user') === null) spent.push({ at: clock.monotonic(), units })
          const minute = spent.filter(({ at }) => at > clock.monotonic() - 60_000)
          expect(minute.reduce((sum, each) => sum + each.units, 0)).toBeLessThanOrEqual(5)
        }
      }),
    )
  })

  it('slows refreshes down as the minute fills, and lets go when it empties', () => {
    const { clock, budget } = budgetOf({ unitsPerMinute: 10 })
    const seen = [budget.stretch()]
    for (let count = 0; count < 10; count++) {
      budget.spend(1, 'user')
      seen.push(budget.stretch())
    }
    expect(seen.slice(0, 6)).toEqual([1, 1, 1, 1, 1, 1])
    expect([...seen].sort((a, b) => a - b)).toEqual(seen)
    expect(seen.at(-1)).toBeGreaterThan(5)
    clock.advance(60_000)
    expect(budget.stretch()).toBe(1)
  })

  it('settles a demand twice its size within itself', () => {
    const { clock, budget } = budgetOf({ unitsPerMinute: 100 })
    let refused = 0
    for (let passed = 0; passed < 600_000;) {
      if (budget.spend(1, 'user') !== null) refused += 1
      const wait = 300 * budget.stretch()
      clock.advance(wait)
      passed += wait
    }
    expect(refused).toBe(0)
  })
})

describe('a source that counts for itself', () => {
  const facts: BudgetFacts = {
    unitsPerMinute: 6000,
    usedFrom: (headers) => Number(headers['x-mbx-used-weight-1m'] ?? Number.NaN) || null,
  }

  it('is believed when it has counted more than we have', () => {
    const { budget } = budgetOf(facts)
    budget.spend(20, 'user')
    budget.learn({ 'x-mbx-used-weight-1m': '5990' })
    expect(budget.quota()?.remaining).toBe(10)
    expect(budget.spend(20, 'user')).not.toBeNull()
  })

  it('is not believed when it has counted less: its minute began later than ours', () => {
    const { budget } = budgetOf(facts)
    for (let count = 0; count < 10; count++) budget.spend(20, 'user')
    budget.learn({ 'x-mbx-used-weight-1m': '20' })
    expect(budget.quota()?.remaining).toBe(5800)
  })
})

describe('the operator', () => {
  it('may narrow a budget and not widen it', () => {
    expect(narrowed({ unitsPerMinute: 30 }, 5).unitsPerMinute).toBe(5)
    expect(narrowed({ unitsPerMinute: 30 }, 500).unitsPerMinute).toBe(30)
    expect(narrowed({ unitsPerMinute: 30 }, undefined).unitsPerMinute).toBe(30)
  })
})

describe('a request dearer than the whole minute', () => {
  it('is sent when the minute is empty', () => {
    const { budget } = budgetOf({ unitsPerMinute: 5 })
    expect(budget.spend(20, 'user')).toBeNull()
    expect(budget.quota()?.remaining).toBe(0)
  })
})
