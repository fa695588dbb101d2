/** WebSocket frames by hand, for readers that are ruder than any library. */

export interface Frame {
  readonly opcode: number
  readonly body: Buffer
}

/** A masked text frame; the mask is zero. */
export function textFrame(message: object): Buffer {
  const body = Buffer.from(JSON.stringify(message))
  const head =
    body.length < 126 ? [0x81, 0x80 | body.length] : [0x81, 0xfe, body.length >> 8, body.length & 255]
  return Buffer.concat([Buffer.from(head), Buffer.alloc(4), body])
}

/** Whole, unmasked frames at the front, and what is left over. */
export function framesIn(bytes: Buffer): { readonly frames: readonly Frame[]; readonly rest: Buffer } {
  const frames: Frame[] = []
  let at = 0
  for (;;) {
    const short = (bytes[at + 1] ?? 0) & 127
    const head = short === 126 ? 4 : short === 127 ? 10 : 2
    if (bytes.length < at + head) break
    const size =
      short === 126
        ? bytes.readUInt16BE(at + 2)
        : short === 127
          ? Number(bytes.readBigUInt64BE(at + 2))
          : short
    if (bytes.length < at + head + size) break
    frames.push({
      opcode: (bytes[at] ?? 0) & 15,
      body: bytes.subarray(at + head, at + head + size),
    })
    at += head + size
  }
  return { frames, rest: bytes.subarray(at) }
}
