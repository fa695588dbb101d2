/** Frames no reader can make sense of, made from one it could. */
import { MALFORMED_FORMS } from './faults.ts'
import type { MalformedForm } from './faults.ts'

/** The first price of a book update, in any venue's words. */
const PRICE = /("price_level":|"price":|\[\[)("?)[\d.]+\2/

export function malformed(
  good: string,
  forms: readonly MalformedForm[] = MALFORMED_FORMS,
  turn = 0,
): string | Buffer {
  switch (forms[turn % forms.length] ?? 'truncated') {
    case 'truncated':
      return good.slice(0, 1 + ((turn * 7919) % Math.max(1, good.length - 1)))
    case 'flipped':
      return good.replace(/[{[]/, '\u0001')
    case 'types':
      return good.replace(PRICE, '$1true')
    case 'nan':
      return good.replace(PRICE, '$1"NaN"')
    case 'huge':
      return good.replace(PRICE, (_price, lead: string, quote: string) => `${lead}${quote}1e400${quote}`)
    case 'proto':
      return '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'
    case 'html':
      return '<html><body>502 Bad Gateway</body></html>'
    case 'empty':
      return ''
    case 'binary':
      return Buffer.from([0xff, 0xfe, 0x00, 0x80, turn & 0xff])
  }
}
