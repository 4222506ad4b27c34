import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { fileProblem } from '../../schemas/file-problem.ts'

test('says what the system said, once and without the path', async () => {
  const error = await readFile('/nowhere').catch((thrown: unknown) => thrown)
  expect(fileProblem(error)).toBe('no such file or directory')
})

test('leaves other messages as they are', () => {
  expect(fileProblem(new Error('no JSON'))).toBe('no JSON')
  const damaged = Object.assign(new Error('unexpected end of file'), { code: 'Z_BUF_ERROR', errno: -5 })
  expect(fileProblem(damaged)).toBe('unexpected end of file')
})
