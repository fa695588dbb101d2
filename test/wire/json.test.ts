import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isAmount, isSigned, parseKeepingDigits, plainDigits, positiveDigits } from '../../src/wire/json.ts'

const KEYS = ['price', 'qty']

describe('a bare number on the wire', () => {
  it('keeps every digit it was sent with', () => {
    expect(parseKeepingDigits('{"price":63343.0,"qty":0.00005100}', KEYS)).toEqual({
      price: '63343.0',
      qty: '0.00005100',
    })
    expect(parseKeepingDigits('{"price": 1e-10 ,"qty":\n-5}', KEYS)).toEqual({ price: '1e-10', qty: '-5' })
  })

  it('stays a number under any other key', () => {
    expect(parseKeepingDigits('{"trade_id":7,"my_price":1.50,"priceless":2.0}', KEYS)).toEqual({
      trade_id: 7,
      my_price: 1.5,
      priceless: 2,
    })
  })

  it('is found at every depth, and under every key when none is named', () => {
    expect(parseKeepingDigits('[{"a":{"price":1.0}},{"price":2.0}]', KEYS)).toEqual([
      { a: { price: '1.0' } },
      { price: '2.0' },
    ])
    expect(parseKeepingDigits('{"a":1.0,"b":{"c":2.50}}')).toEqual({ a: '1.0', b: { c: '2.50' } })
  })

  it('is not looked for inside a text', () => {
    for (const text of ['"price":1', 'x"price":1,', '\\"price":1}', '\\', '{"price":1}', 'a\\"qty":2,"']) {
      const frame = JSON.stringify({ note: text, [text]: 1, qty: 0 })
      expect(parseKeepingDigits(frame, KEYS)).toEqual({ ...(JSON.parse(frame) as object), qty: '0' })
    }
  })

  it('says the same as JSON.parse about everything else', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        expect(parseKeepingDigits(text, ['nobody'])).toEqual(JSON.parse(text))
      }),
    )
    fc.assert(
      fc.property(fc.jsonValue(), fc.double({ noNaN: true, noDefaultInfinity: true }), (value, price) => {
        const text = JSON.stringify({ value, price })
        const parsed = parseKeepingDigits(text, ['price']) as { readonly price: string }
        expect(parsed.price).toBe(JSON.stringify(price))
      }),
    )
  })

  it('does not make sound what is not', () => {
    for (const text of [
      '{"price":01}',
      '{"price":1.}',
      '{"price":.5}',
      '{"price":1x}',
      '{"price":--1}',
      '{"price":1',
      '{"price":NaN}',
      '{"price":+1}',
    ]) {
      expect(parseKeepingDigits(text, KEYS), text).toBeUndefined()
    }
  })

  it('can be named __proto__ and poison nothing', () => {
    const parsed = parseKeepingDigits('{"__proto__":{"price":1.0}}', KEYS)
    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype)
    expect(({} as { price?: unknown }).price).toBeUndefined()
  })
})

describe('a decimal on the wire', () => {
  it('is digits with at most one point between them', () => {
    for (const text of ['0', '1', '61837.64000000', '0.00000000', '00.5', '9'.repeat(64)])
      expect(isAmount(text)).toBe(true)
    for (const text of [
      '',
      '.',
      '1.',
      '.5',
      '1.2.3',
      '-1',
      '+1',
      '1e5',
      ' 1',
      '1 ',
      'NaN',
      'Infinity',
      '0x10',
      '1,5',
      '٣',
      '9'.repeat(65),
      1,
      null,
      ['1'],
    ]) {
      expect(isAmount(text), String(text)).toBe(false)
    }
  })

  it('may be negative where a rate is meant', () => {
    expect(isSigned('-0.0001')).toBe(true)
    for (const text of ['-', '--1', '-.5', '- 1']) expect(isSigned(text)).toBe(false)
  })

  it('is written out when it came with an exponent', () => {
    expect(plainDigits('1e-10')).toBe('0.0000000001')
    expect(plainDigits('-3.995839963e-09')).toBe('-0.000000003995839963')
    expect(plainDigits('1.5E+3')).toBe('1500')
    expect(plainDigits('63343.0')).toBe('63343.0')
  })

  it('is refused when writing it out would be an attack', () => {
    for (const text of ['1e400', '1e-999999999', '1e99999999999999999999', 'e5', '1e', ''])
      expect(plainDigits(text)).toBeNull()
  })

  it('is no price when it is zero or below', () => {
    for (const text of ['0', '0.000', '-1', '', null, undefined]) expect(positiveDigits(text)).toBeNull()
    expect(positiveDigits('5e-3')).toBe('0.005')
  })
})
