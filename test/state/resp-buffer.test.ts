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

function write(buffer: RespBuffer, each: Argument): void {
  if (each.kind === 'text') buffer.text(each.value)
  else if (each.kind === 'bytes') buffer.bytes(each.value)
  else buffer.integer(each.value)
}

test('writes any commands as RESP says, again and again into one buffer', () => {
  const buffer = new RespBuffer(64)
  const command = fc.record({ name: fc.string(), args: fc.array(argument, { maxLength: 50 }) })
  fc.assert(
    fc.property(fc.array(command, { maxLength: 5 }), (commands) => {
      buffer.reset()
      for (const { name, args } of commands) {
        buffer.command(name, args.length)
        for (const each of args) write(buffer, each)
      }
      const wanted = commands.map(({ name, args }) => resp([{ kind: 'text', value: name }, ...args]))
      expect(buffer.commands().map((bytes) => bytes.toString('hex'))).toEqual(
        wanted.map((bytes) => bytes.toString('hex')),
      )
    }),
  )
})

test('a command with too few arguments, or too many, is never sent', () => {
  for (const given of [1, 3]) {
    const buffer = new RespBuffer()
    buffer.command('HSET', 2)
    for (let i = 0; i < given; i++) buffer.integer(i)
    expect(() => buffer.commands()).toThrow('arguments')
    expect(() => buffer.command('EXEC', 0)).toThrow('arguments')
  }
})

test('a thousand arguments are counted', () => {
  const buffer = new RespBuffer(64)
  const args = Array.from({ length: 1_000 }, (_, i) => ({ kind: 'integer' as const, value: i * 1_000_003 }))
  buffer.command('MSET', args.length)
  for (const each of args) write(buffer, each)
  expect(buffer.commands()).toEqual([resp([{ kind: 'text', value: 'MSET' }, ...args])])
})
