import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openDataFolder } from '../../../connectors/stack/data-folder.ts'

let path: string

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'everscore-test-'))
})

afterEach(() => rmSync(path, { recursive: true, force: true }))

test('a kept folder keeps its cluster id', async () => {
  const first = await openDataFolder({ dataDir: path, madeBy: 'java' })
  first.close()
  const second = await openDataFolder({ dataDir: path, madeBy: 'java' })
  second.close()
  expect(second.clusterId).toBe(first.clusterId)
  expect(first.clusterId).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/)
})

test('a temporary folder is removed when closed', async () => {
  const folder = await openDataFolder({ madeBy: 'java' })
  expect(existsSync(folder.folderOf('kafka'))).toBe(true)
  folder.close()
  expect(existsSync(folder.path)).toBe(false)
})

test('a folder in use is refused, and its holder named', async () => {
  const folder = await openDataFolder({ dataDir: path, madeBy: 'java' })
  await expect(openDataFolder({ dataDir: path, madeBy: 'java' })).rejects.toMatchObject({
    code: 'DATA_DIR_IN_USE',
    message: `data folder ${path} is in use by process ${process.pid}: stop it, or choose another folder`,
  })
  folder.close()
})

test('a folder of something else is refused and left as it is', async () => {
  writeFileSync(join(path, 'thesis.txt'), 'mine')
  await expect(openDataFolder({ dataDir: path, madeBy: 'java' })).rejects.toMatchObject({ code: 'DATA_DIR_UNUSABLE' })
  expect(readdirSync(path)).toEqual(['thesis.txt'])
})

test.each([
  ['an older version', '{"format":0,"clusterId":"x"}', 'has format 0'],
  ['a damaged manifest', '{', 'has format none'],
])('a folder of %s is refused with what to do, and given free', async (_, manifest, said) => {
  writeFileSync(join(path, 'everscore-stack.json'), manifest)
  for (const attempt of [1, 2]) {
    await expect(openDataFolder({ dataDir: path, madeBy: 'java' }), `attempt ${attempt}`).rejects.toMatchObject({
      code: 'DATA_DIR_UNUSABLE',
      message: expect.stringMatching(new RegExp(`${said}.*delete the folder`)),
    })
  }
})

test('processes of an earlier run whose ids belong to others now are left alone', async () => {
  const folder = await openDataFolder({ dataDir: path, madeBy: 'java' })
  folder.noteProcesses('kafka', [{ pid: process.pid, startedAt: 'long ago' }])
  rmSync(join(path, 'stack.lock'))
  const next = await openDataFolder({ dataDir: path, madeBy: 'java' })
  expect(readdirSync(path)).not.toContain('processes.json')
  next.close()
})

test('a folder made with Docker is refused without it', async () => {
  const folder = await openDataFolder({ dataDir: path, madeBy: 'docker' })
  folder.close()
  await expect(openDataFolder({ dataDir: path, madeBy: 'java' })).rejects.toMatchObject({
    code: 'DATA_DIR_UNUSABLE',
    message: expect.stringContaining('--with docker'),
  })
})
