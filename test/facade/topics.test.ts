/** A thousand feeds and a thousand readers, half of whom never read: each hears its own feeds, whole and in order. */
import { expect, it } from 'vitest'
import { mergeFeeds } from '../../src/facade/hot/merge.ts'
import { streamOf, topic } from '../../src/facade/stream.ts'
import { TestClock } from '../support/clock.ts'
import { printFigure } from '../support/figure.ts'

const TOPICS = 1_000
const READERS = 1_000
const TOPICS_EACH = 1_000 / 20
const ROUNDS = 20

interface Told {
  readonly topic: number
  readonly round: number
}

it('a thousand topics and a thousand readers, half of them not reading: nothing is told to the wrong one', async () => {
  const clock = new TestClock()
  const topics = Array.from({ length: TOPICS }, () => topic<Told>())
  const readers = Array.from({ length: READERS }, (_, reader) => {
    const own = Array.from({ length: TOPICS_EACH }, (_each, at) => (reader * 7 + at * 19) % TOPICS)
    const feed = mergeFeeds(own.map((each) => topics[each]!))
    const isEvery = reader % 4 < 2
    const stream = streamOf<Told>(
      {
        feed,
        backlog: isEvery ? { kind: 'every', capacity: TOPICS_EACH } : { kind: 'newest' },
        keyOf: (told) => String(told.topic),
      },
      clock,
    )
    return {
      own: new Set(own),
      isEvery,
      isDeaf: reader % 2 === 1,
      mailbox: stream[Symbol.asyncIterator](),
      last: new Map<number, number>(),
    }
  })
  let delivered = 0
  let misdelivered = 0
  for (let round = 0; round < ROUNDS; round += 1) {
    topics.forEach((each, index) => each.publish({ topic: index, round }))
    for (const { own, isDeaf, mailbox, last } of readers) {
      if (isDeaf) continue
      for (let read = 0; read < own.size; read += 1) {
        const { value } = await mailbox.next()
        const isDue =
          value !== undefined &&
          own.has(value.topic) &&
          value.round === round &&
          last.get(value.topic) !== round
        if (value !== undefined) last.set(value.topic, round)
        delivered += 1
        if (!isDue) misdelivered += 1
      }
    }
  }
  // Those who read nothing kept no more than their bound, and let everybody else have theirs.
  for (const { isDeaf, isEvery, own, mailbox } of readers) {
    if (!isDeaf) continue
    const { value } = await mailbox.next()
    expect([own.has(value?.topic ?? -1), value?.round]).toEqual([true, isEvery ? 0 : ROUNDS - 1])
  }
  for (const { mailbox } of readers) await mailbox.return?.()
  expect(misdelivered).toBe(0)
  expect(topics.every((each) => each.readers === 0)).toBe(true)
  expect(clock.pendingTimers).toBe(0)
  printFigure(
    `R19: ${delivered} events told to ${READERS} readers of ${TOPICS} topics, ${misdelivered} to the wrong one`,
  )
})
