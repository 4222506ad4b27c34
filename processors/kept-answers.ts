import type { NpsClass } from '../models/nps-score.ts'
import { putInt32, putString, putVarint, Reader, viewOf } from '../schemas/state-bytes.ts'
import type { NpsGroup } from './event-context.ts'

/** An NPS answer that a later one may replace in the windows that both are in. */
export interface KeptAnswer {
  /** Hash of the survey's name, two signed 32-bit halves. */
  readonly surveyHigh: number
  readonly surveyLow: number
  readonly class: NpsClass
  readonly at: number
  /** windowsVersion when it was counted. */
  readonly version: number
  /** The groups it was counted in, all answers aside. */
  readonly groups: readonly NpsGroup[]
}

const CLASSES: readonly NpsClass[] = ['promoters', 'passives', 'detractors']
/** Three 32-bit numbers, and three varints of at most 8 bytes. */
const FIXED_BYTES = 36
/** Two lengths; a character is at most three bytes of UTF-8. */
const GROUP_BYTES = 10
const BYTES_A_CHARACTER = 3

/** One after another, in the order they came: hashes, class, time, version, number of groups, key and value of each. */
export function encodeAnswers(answers: readonly KeptAnswer[]): Buffer {
  let size = 0
  for (const { groups } of answers) {
    size += FIXED_BYTES
    for (const { key, value } of groups) size += GROUP_BYTES + BYTES_A_CHARACTER * (key.length + value.length)
  }
  const bytes = Buffer.allocUnsafe(size)
  const view = viewOf(bytes)
  let at = 0
  for (const answer of answers) {
    at = putInt32(view, at, answer.surveyHigh)
    at = putInt32(view, at, answer.surveyLow)
    at = putVarint(view, at, CLASSES.indexOf(answer.class))
    at = putVarint(view, at, answer.at)
    at = putInt32(view, at, answer.version)
    at = putVarint(view, at, answer.groups.length)
    for (const { key, value } of answer.groups) {
      at = putString(view, at, key)
      at = putString(view, at, value)
    }
  }
  return bytes.subarray(0, at)
}

/** @throws AppError STATE_UNREADABLE */
export function decodeAnswers(bytes: Buffer): KeptAnswer[] {
  const reader = new Reader(bytes, 0)
  const answers: KeptAnswer[] = []
  while (!reader.isAtEnd) {
    answers.push({
      surveyHigh: reader.int32(),
      surveyLow: reader.int32(),
      class: CLASSES[reader.varint(CLASSES.length - 1)]!,
      at: reader.varint(Number.MAX_SAFE_INTEGER),
      version: reader.int32(),
      groups: reader.list(reader.varint(bytes.length), () => ({
        key: reader.string(),
        value: reader.string(),
      })),
    })
  }
  return answers
}
