import { isUtf8 } from 'node:buffer'
import type { AvroCodec } from '../../schemas/codec.ts'
import { AppError } from '../../schemas/errors.ts'
import type { InputTopic } from '../../schemas/topics.ts'
import type { DeadLetter } from './dead-letter.ts'

const MAX_SHOWN_BYTES = 2_048

/** One letter for people: where it stands, its headers, key, and its value as JSON where it can be decoded. */
export async function describeLetter(
  letter: DeadLetter,
  codecs: Readonly<Record<InputTopic, AvroCodec<object>>>,
): Promise<string> {
  const { partition, offset, at, headers, key, value } = letter
  const lines = [
    `letter     ${partition}/${offset}, written ${new Date(at).toISOString()}`,
    ...Object.entries(headers).map(([name, text]) => `${name.padEnd(10)} ${oneLine(text)}`),
    `key        ${key === null ? 'null' : isUtf8(key) ? oneLine(key.toString()) : hexOf(key)}`,
  ]
  if (value === null) return `${lines.join('\n')}\nvalue      null\n`
  const decoded = await decodedValue(letter, codecs)
  lines.push(
    `value      ${value.length} bytes${letter.wholeValue ? ` of ${letter.wholeValue.length}` : ''}, ${decoded.how}`,
  )
  return `${lines.join('\n')}\n${decoded.text ?? hexOf(value)}\n`
}

async function decodedValue(
  { origin, value }: DeadLetter,
  codecs: Readonly<Record<InputTopic, AvroCodec<object>>>,
): Promise<{ readonly how: string; readonly text: string | null }> {
  if (origin === null) return { how: 'of an unknown topic', text: null }
  try {
    const event = await codecs[origin.topic].decodeLoading(value!)
    return { how: `read as ${origin.topic}`, text: JSON.stringify(event, null, 2) }
  } catch (error) {
    if (!(error instanceof AppError) || error.retryable) throw error
    return { how: `not readable: ${error.message}`, text: null }
  }
}

function hexOf(bytes: Buffer): string {
  const shown = bytes.subarray(0, MAX_SHOWN_BYTES)
  const lines: string[] = shown.toString('hex').match(/.{1,64}/g) ?? []
  if (shown.length < bytes.length) lines.push(`… ${bytes.length - shown.length} bytes more`)
  return lines.join('\n')
}

/** A terminal may act on control characters, and headers come from records. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`)
}
