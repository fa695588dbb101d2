/** Faults that happen at once, to connections as they stand: cuts, notices, and frames that should not be. */
import { deflateRawSync } from 'node:zlib'
import type { FaultCommand } from './faults.ts'
import { malformed } from './malformed.ts'
import type { Link } from './link.ts'
import type { StreamSide, VenueSite } from './site.ts'

const MEGABYTE = 1024 * 1024

export interface Target {
  readonly site: VenueSite
  readonly stream: StreamSide
  readonly links: ReadonlySet<Link>
}

/** Answers how often it struck; null for a fault that is not of this kind. */
export function strikeAtOnce(command: FaultCommand, { site, stream, links }: Target): number | null {
  const readers = [...links].filter((link) => link.topics.size > 0)
  const [first] =
    command.symbol === undefined ? readers : readers.filter((link) => link.lastBook.symbol === command.symbol)
  switch (command.kind) {
    case 'malformed': {
      const target = first ?? readers[0]
      if (target === undefined) return 0
      const count = command.count ?? 1
      for (let turn = 0; turn < count; turn++) {
        const data = malformed(target.lastBook.text, command.forms, turn)
        target.sendRaw(data, { binary: typeof data !== 'string' })
      }
      site.counts.malformed += count
      return count
    }
    case 'disconnect': {
      const cut = [...links].slice(0, command.count ?? links.size)
      for (const link of cut) {
        if (command.code === undefined) link.socket.terminate()
        else link.socket.close(command.code)
      }
      site.counts.disconnected += cut.length
      return cut.length
    }
    case 'shutdownNotice': {
      const text = stream.shutdownNotice()
      if (text === null) return 0
      for (const link of links) link.send({ kind: 'control', symbol: null, text })
      return links.size
    }
    case 'oversized':
      readers[0]?.sendRaw(`{"channel":"l2_data","padding":"${'x'.repeat(command.megabytes * MEGABYTE)}"}`)
      return readers.length > 0 ? 1 : 0
    case 'deflateBomb':
      readers[0]?.sendBytes(compressedFrame(command.megabytes * MEGABYTE))
      return readers.length > 0 ? 1 : 0
    case 'fragments':
      for (let piece = 0; piece < command.count; piece++) readers[0]?.sendRaw('x', { fin: false })
      return readers.length > 0 ? command.count : 0
    default:
      return null
  }
}

/** A whole text frame with the bit for compression set: spaces, packed a thousandfold. */
function compressedFrame(bytes: number): Buffer {
  const payload = deflateRawSync(Buffer.alloc(bytes, 0x20))
  const head = Buffer.alloc(10)
  head[0] = 0xc1
  head[1] = 127
  head.writeBigUInt64BE(BigInt(payload.length), 2)
  return Buffer.concat([head, payload])
}
