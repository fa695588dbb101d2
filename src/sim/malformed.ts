/** Frames no reader can make sense of, made from one it could. */
import { MALFORMED_FORMS } from './faults.ts'
import type { MalformedForm } from './faults.ts'

const NUMBER = /("?)\d+\.\d+\1/

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
      return good.replace(NUMBER, 'true')
    case 'nan':
      return good.replace(NUMBER, '"NaN"')
    case 'huge':
      return good.replace(NUMBER, '$11e400$1')
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
