import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { protocolError } from '../../../connectors/kafka/internals.ts'
import { asKafkaError, kafkaErrorType } from '../../../connectors/kafka/kafka-error.ts'
import { AppError } from '../../../schemas/errors.ts'

const require = createRequire(import.meta.url)
const errors = require('kafkajs/src/errors') as Record<string, new (...args: unknown[]) => Error>
const { createErrorFromCode } = require('kafkajs/src/protocol/error') as { createErrorFromCode(code: number): Error }

const REFUSED = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
const thrownBy = (read: () => unknown): unknown => {
  try {
    return read()
  } catch (error) {
    return error
  }
}
const givenUp = (cause: Error): Error =>
  new errors['KafkaJSNumberOfRetriesExceeded']!(cause, { retryCount: 3, retryTime: 9 })

test.each<[string, unknown, string, string]>([
  ['a lost connection', new errors['KafkaJSConnectionError']!('closed'), 'KAFKA_UNAVAILABLE', 'KafkaJSConnectionError'],
  [
    'a connection given up',
    givenUp(new errors['KafkaJSConnectionError']!('refused')),
    'KAFKA_UNAVAILABLE',
    'KafkaJSConnectionError',
  ],
  [
    'no answer in time',
    new errors['KafkaJSRequestTimeoutError']!('late'),
    'KAFKA_UNAVAILABLE',
    'KafkaJSRequestTimeoutError',
  ],
  [
    'no coordinator yet',
    new errors['KafkaJSGroupCoordinatorNotFound']!('none'),
    'KAFKA_UNAVAILABLE',
    'KafkaJSGroupCoordinatorNotFound',
  ],
  ['an error of the socket', REFUSED, 'KAFKA_UNAVAILABLE', 'Error'],
  ['a moved leader', createErrorFromCode(6), 'KAFKA_UNAVAILABLE', 'NOT_LEADER_FOR_PARTITION'],
  [
    'a moved leader, given up',
    givenUp(givenUp(createErrorFromCode(6))),
    'KAFKA_UNAVAILABLE',
    'NOT_LEADER_FOR_PARTITION',
  ],
  ['a record too large', createErrorFromCode(10), 'KAFKA_REFUSED', 'MESSAGE_TOO_LARGE'],
  ['a record too large, given up', givenUp(createErrorFromCode(10)), 'KAFKA_REFUSED', 'MESSAGE_TOO_LARGE'],
  [
    'a password that is wrong',
    new errors['KafkaJSSASLAuthenticationError']!('no'),
    'KAFKA_REFUSED',
    'KafkaJSSASLAuthenticationError',
  ],
  ['an older epoch', createErrorFromCode(47), 'PRODUCER_FENCED', 'INVALID_PRODUCER_EPOCH'],
  ['a newer owner, as Kafka 4 says it', protocolError(90), 'PRODUCER_FENCED', 'PRODUCER_FENCED'],
  ['a transaction that must be done again', protocolError(120), 'KAFKA_UNAVAILABLE', 'TRANSACTION_ABORTABLE'],
  ['a bug of ours', new TypeError('x is not y'), 'KAFKA_REFUSED', 'TypeError'],
  ['an answer read past its end', thrownBy(() => Buffer.alloc(1).readInt32BE(0)), 'KAFKA_REFUSED', 'RangeError'],
])('%s', (_name, error, code, type) => {
  const seen = asKafkaError(error, 'fetching', { topic: 't' })
  expect(seen).toMatchObject({
    code,
    retryable: code === 'KAFKA_UNAVAILABLE',
    details: { topic: 't', type },
    cause: error,
  })
  expect(seen.message).toMatch(/^fetching: /)
  expect(kafkaErrorType(seen)).toBe(type)
})

test('an error that is ours already stays as it is', () => {
  const ours = new AppError('NOT_OWNER', 'let go')
  expect(asKafkaError(ours, 'committing')).toBe(ours)
})
