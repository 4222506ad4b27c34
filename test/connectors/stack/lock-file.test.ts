import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lockHolder, tryLock, unlock } from '../../../connectors/stack/lock-file.ts'

let folder: string
let lock: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'everscore-test-'))
  lock = join(folder, 'a.lock')
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('is held once, names its holder, and leaves nothing behind when given free', () => {
  expect(tryLock(lock)).toBe(true)
  expect(tryLock(lock)).toBe(false)
  expect(lockHolder(lock)).toBe(process.pid)
  unlock(lock)
  expect(readdirSync(folder)).toEqual([])
})

test.each([
  ['a process whose id belongs to another one now', JSON.stringify({ pid: process.pid, startedAt: 'long ago' })],
  ['nobody, as the disk was full', ''],
  ['something unreadable', '{"pid":'],
])('a lock of %s is taken over', (_, text) => {
  writeFileSync(lock, text)
  expect(tryLock(lock)).toBe(true)
  expect(lockHolder(lock)).toBe(process.pid)
  expect(readdirSync(folder)).toEqual(['a.lock'])
})
