import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as decimal from '../../src/domain/decimal.ts'
import { isBeyond, middle, order, quick } from '../../src/domain/quick.ts'
import { format, parse, plain } from '../../src/domain/scaled.ts'

const digits = (max: number) =>
  fc.tuple(fc.bigInt({ min: 1n, max: 10n ** BigInt(max) - 1n }), fc.integer({ min: 0, max: 14 }))
/** Positive prices, from a few digits to more than a float holds. */
const price = fc
  .oneof(digits(6), digits(12), digits(15), digits(16), digits(25))
  .map(([units, scale]) => format({ units, scale }))
const read = (text: string) => {
  const value = quick(text)
  if (value === null) throw new Error(`${text} was not read`)
  return value
}

describe('decimal text', () => {
  it('keeps a source’s own digits', () => {
    for (const text of ['64213.10', '0.00005100', '0', '-3.50', '100']) {
      const value = parse(text)
      expect(value && format(value)).toBe(text)
    }
  })

  it('is refused when it is anything but plain digits', () => {
    for (const text of [
      '',
      ' 1',
      '1e5',
      'NaN',
      'Infinity',
      '.5',
      '5.',
      '1.2.3',
      '0x10',
      '+1',
      '١',
      null,
      5,
      '1'.repeat(101),
    ]) {
      expect(decimal.isDecimal(text)).toBe(false)
      expect(parse(text)).toBeNull()
      expect(quick(text)).toBeNull()
    }
    expect(() => decimal.add('1', 'x')).toThrow(RangeError)
  })

  it('writes exponents out exactly and leaves the rest alone', () => {
    expect(plain('1e-7')).toBe('0.0000001')
    expect(plain('1.50E-3')).toBe('0.00150')
    expect(plain('6.3e4')).toBe('63000')
    expect(plain('-2.5e+1')).toBe('-25')
    expect(plain('64213.10')).toBe('64213.10')
    expect(plain('1e999999')).toBe('1e999999')
    expect(plain('nonsense')).toBe('nonsense')
  })

  it('writes any float out to the same float', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-40, max: 1e40, noNaN: true }), (value) => {
        const text = plain(String(value))
        expect(decimal.isDecimal(text)).toBe(true)
        expect(Number(text)).toBe(value)
      }),
    )
  })
})

describe('arithmetic', () => {
  it('never carries a digit nobody gave', () => {
    expect(decimal.mean(['45000', '45050'])).toBe('45025')
    expect(decimal.mean(['45000', '45051'])).toBe('45025.5')
    expect(decimal.mean(['1.00', '2.00'])).toBe('1.50')
    expect(decimal.mean(['100.0', '100.10'])).toBe('100.05')
    expect(decimal.median(['3', '1.10', '2.0'])).toBe('2.0')
    expect(decimal.add('0.1', '0.2')).toBe('0.3')
    expect(decimal.subtract('1.00', '0.9')).toBe('0.10')
    expect(decimal.multiply('61837.63', '0.9998')).toBe('61825.262474')
    expect(decimal.multiply('2.50', '4')).toBe('10.00')
    expect(decimal.percentOf('45050', '2')).toBe('901')
    expect(decimal.strip('120.500')).toBe('120.5')
    expect(decimal.abs('-0.5')).toBe('0.5')
    expect(decimal.isZero('0.000')).toBe(true)
  })

  it('rounds only what does not end, half to even', () => {
    expect(decimal.mean(['1', '1', '2'])).toBe('1.333333333333333')
    expect(decimal.divide('1', '8', { digits: 10 })).toBe('0.125')
    expect(decimal.divide('1', '8', { digits: 2 })).toBe('0.12')
    expect(decimal.divide('3', '8', { digits: 2 })).toBe('0.38')
    expect(decimal.divide('-2', '3', { digits: 3 })).toBe('-0.667')
    expect(() => decimal.divide('1', '0.0', { digits: 2 })).toThrow(RangeError)
  })

  it('adds and subtracts back to where it was, to the digit', () => {
    fc.assert(
      fc.property(price, price, (a, b) => {
        expect(decimal.compare(decimal.subtract(decimal.add(a, b), b), a)).toBe(0)
        expect(
          decimal.compare(decimal.add(decimal.mean([a, b]), decimal.mean([a, b])), decimal.add(a, b)),
        ).toBe(0)
      }),
    )
  })

  it('decides a bound exactly: at it is within, the last digit past it is beyond', () => {
    expect(decimal.exceeds('101', '100', '0.01')).toBe(false)
    expect(decimal.exceeds('101.000000000000000001', '100', '0.01')).toBe(true)
    expect(decimal.exceeds('99', '100', '0.01')).toBe(false)
    expect(decimal.exceeds('98.999999999999999999', '100', '0.01')).toBe(true)
    expect(decimal.deviation('101', '100')).toBe(0.01)
  })
})

describe('the fast reading of a price', () => {
  it('orders, averages and bounds exactly as big integers do', () => {
    const bound = fc.constantFrom(0.01, 0.005, 0.15, 0.07, 0.003)
    fc.assert(
      fc.property(price, price, bound, (a, b, limit) => {
        expect(Math.sign(order(read(a), read(b)))).toBe(decimal.compare(a, b))
        expect(decimal.compare(middle(read(a), read(b)).text, decimal.mean([a, b]))).toBe(0)
        expect(isBeyond(read(a), read(b), limit)).toBe(decimal.exceeds(a, b, String(limit)))
      }),
      { numRuns: 2_000 },
    )
  })

  it('agrees with them at the bound itself and one digit to either side', () => {
    const step = fc.constantFrom('0', '0.00000001', '0.000000000000000001')
    fc.assert(
      fc.property(
        price,
        fc.constantFrom('0.01', '0.005', '0.15', '0.07'),
        step,
        fc.boolean(),
        (base, limit, by, isUp) => {
          const atBound = decimal.add(base, decimal.multiply(base, limit))
          const value = isUp ? decimal.add(atBound, by) : decimal.subtract(atBound, by)
          fc.pre(decimal.compare(by, decimal.multiply(base, limit)) <= 0)
          expect(isBeyond(read(value), read(base), Number(limit))).toBe(isUp && by !== '0')
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('averages two to the digits decimal arithmetic gives', () => {
    fc.assert(
      fc.property(price, price, (a, b) => {
        expect(middle(read(a), read(b)).text).toBe(a === b ? a : decimal.mean([a, b]))
      }),
    )
  })

  it('reads the same float as the language does', () => {
    fc.assert(
      fc.property(price, (text) => {
        expect(read(text).near).toBe(Number(text))
      }),
      { numRuns: 2_000 },
    )
  })
})
