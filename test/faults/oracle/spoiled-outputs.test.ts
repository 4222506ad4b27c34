import { describe, expect, test } from 'vitest'
import { decodeChange, encodeChange } from './evidence-codecs.ts'
import { findings, middleOf } from './spoil.ts'

describe('in score-changes', () => {
  test('a change that is missing is found', async () => {
    const kinds = await findings(({ changes }) => changes.splice(changes.length >> 1, 1))
    expect(kinds).toEqual(['wrongChanges'])
  })

  test('the last change that is missing is found', async () => {
    expect(await findings(({ changes }) => changes.pop())).toEqual(['wrongChanges'])
  })

  test('a change that is there twice is found', async () => {
    expect(await findings(({ changes }) => changes.push(changes.at(-1)!))).toEqual(['wrongChanges'])
  })

  test.each<[string, (change: ReturnType<typeof decodeChange>) => void]>([
    ['aim', (change) => (change.to = change.to === 'A' ? 'B' : 'A')],
    ['value', (change) => (change.toValue += 1e-6)],
    ['start', (change) => (change.fromValue = (change.fromValue ?? 0) + 0.1)],
    ['reason', (change) => change.reasons.pop()],
    ['event', (change) => (change.eventId = 'another')],
    ['time', (change) => (change.occurredAt += 1)],
  ])('a changed %s is found', async (_, spoil) => {
    const kinds = await findings(({ changes }) => {
      const at = changes.length >> 1
      const change = decodeChange(changes[at]!.value!)
      spoil(change)
      changes[at] = { ...changes[at]!, value: encodeChange(change) }
    })
    expect(kinds).toEqual(['wrongChanges'])
  })
})

describe('in population-deltas', () => {
  test('a delta that is missing is found', async () => {
    expect(await findings(({ populationDeltas }) => populationDeltas.splice(5, 1))).toEqual(['wrongPopulations'])
  })

  test('a delta that is there twice is found', async () => {
    const kinds = await findings(({ populationDeltas }) => populationDeltas.push(populationDeltas[7]!))
    expect(kinds).toEqual(['wrongPopulations'])
  })
})

describe('in dead-letters', () => {
  test('a bad record that is missing is lost', async () => {
    expect(await findings(({ deadLetters }) => deadLetters.splice(3, 1))).toEqual(['lost'])
  })

  test('a good event is lost', async () => {
    const kinds = await findings((evidence) => {
      const at = middleOf(evidence.customers)
      const [record] = evidence.customers.splice(at, 1)
      const topic = record!.headers.get('topic') as 'interactions'
      const input = evidence.inputs[topic][Number(record!.headers.get('offset'))]!
      evidence.deadLetters.push({ ...input, headers: new Map([...record!.headers, ['reason', 'PROCESSOR_ERROR']]) })
    })
    expect(kinds).toContain('lost')
  })

  test('a record that is there twice is doubled', async () => {
    const kinds = await findings(({ deadLetters }) => deadLetters.push(deadLetters.at(-1)!))
    expect(kinds).toEqual(['doubled'])
  })

  test('other bytes or another reason are found', async () => {
    const bytes = await findings(({ deadLetters }) => {
      deadLetters[2] = { ...deadLetters[2]!, value: Buffer.from('else') }
    })
    expect(bytes).toEqual(['wrongDeadLetters'])
    const reason = await findings(({ deadLetters }) => {
      const letter = deadLetters[2]!
      deadLetters[2] = { ...letter, headers: new Map([...letter.headers, ['reason', 'SOMETHING']]) }
    })
    expect(reason).toEqual(['wrongDeadLetters'])
  })
})
