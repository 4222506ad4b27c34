import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RespBuffer } from '../../state/resp-buffer.ts'

type Argument =
  | { kind: 'text'; value: string }
  | { kind: 'bytes'; value: Uint8Array }
  | { kind: 'integer'; value: number }

const argument: fc.Arbitrary<Argument> = fc.oneof(
  fc.record({ kind: fc.constant('text' as const), value: fc.oneof(fc.string(), fc.string({ unit: 'grapheme' })) }),
  fc.record({ kind: fc.constant('bytes' as const), value: fc.uint8Array({ maxLength: 200 }) }),
  fc.record({ kind: fc.constant('integer' as const), value: fc.maxSafeNat() }),
)

/** RESP by its specification: `*<count>`, then `$<bytes>` and the bytes of each argument, all ended by CRLF. */
function resp(args: readonly Argument[]): Buffer {
  const pieces = args.map(({ value }) =>
    value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(String(value)),
  )
  return Buffer.concat([
    Buffer.from(`*${args.length}\r\n`),
    ...pieces.flatMap((piece) => [Buffer.from(`$${piece.length}\r\n`), piece, Buffer.from('\r\n')]),
  ])
}

test('writes any arguments as RESP says, again and again into one buffer', () => {
  const buffer = new RespBuffer(64)
  fc.assert(
    fc.property(fc.array(argument, { maxLength: 50 }), (args) => {
      buffer.reset()
      for (const each of args) {
        if (each.kind === 'text') buffer.text(each.value)
        else if (each.kind === 'bytes') buffer.bytes(each.value)
        else buffer.integer(each.value)
      }
      expect(buffer.command().toString('hex')).toBe(resp(args).toString('hex'))
    }),
  )
})

test('a thousand arguments are counted', () => {
  const buffer = new RespBuffer(64)
  for (let i = 0; i < 1_000; i++) buffer.integer(i * 1_000_003)
  const args = Array.from({ length: 1_000 }, (_, i) => ({ kind: 'integer' as const, value: i * 1_000_003 }))
  expect(buffer.command().equals(resp(args))).toBe(true)
})
