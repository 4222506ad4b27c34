import { describe, expect, test } from 'vitest'
import { findImportBreaches } from '../../scripts/find-import-breaches.ts'
import { IMPORT_RULES } from '../../scripts/import-rules.ts'

const breaches = (path: string, text: string): string[] =>
  findImportBreaches([{ path, text }], IMPORT_RULES).map(({ path, line, problem }) => `${path}:${line}: ${problem}`)

describe('imports between folders', () => {
  test.each([
    ['models/score.ts', "import { a } from '../schemas/topics.ts'"],
    ['processors/a.ts', "import { b } from './b.ts'"],
    ['runtime/worker.ts', "import { a } from '../connectors/kafka/client.ts'"],
    ['connectors/file-replay/replay.ts', "import { a } from '../kafka/event-producer.ts'"],
    ['demo/run.ts', "import { a } from '../connectors/file-replay/replay.ts'"],
    ['bin/api.ts', "const { a } = await import('../api/app.ts')"],
    ['test/driver.ts', "import { a } from '../bench/generator.ts'"],
    ['vitest.config.ts', "import { defineConfig } from 'vitest/config'"],
  ])('%s may hold %s', (path, text) => {
    expect(breaches(path, text)).toEqual([])
  })

  test('names file, line, import and what would be allowed', () => {
    const text = "import { a } from '../schemas/a.ts'\n\nimport {\n  b,\n} from '../processors/b.ts'\n"
    expect(breaches('models/score.ts', text)).toEqual([
      'models/score.ts:5: imports ../processors/b.ts: models/ may import schemas/',
    ])
  })

  test.each([
    ['schemas/a.ts', "import type { B } from '../models/b.ts'"],
    ['topology/a.ts', "export { b } from '../runtime/b.ts'"],
    ['state/a.ts', "const b = await import('../connectors/kafka/client.ts')"],
    ['api/a.ts', "import { b } from '../state/redis-store.ts'"],
    ['connectors/kafka/a.ts', "import { b } from '../registry/registry.ts'"],
    ['connectors/http-collector/a.ts', "import { b } from '../file-replay/replay.ts'"],
    ['demo/a.ts', "import { b } from '../runtime/worker.ts'"],
    ['bin/a.ts', "import { b } from '../bench/generator.ts'"],
    ['runtime/a.ts', "import { b } from '../test/driver.ts'"],
    ['models/a.ts', "import '../package.json'"],
    ['surprise/a.ts', ''],
  ])('%s may not hold %s', (path, text) => {
    expect(breaches(path, text)).toHaveLength(1)
  })

  test('a comment and a string are not imports', () => {
    const text =
      "// from '../runtime/a.ts'\n/* import '../api/a.ts' */\nconst doc = 'taken from', b = ['../runtime/a.ts']\n"
    expect(breaches('models/a.ts', text)).toEqual([])
  })
})

describe('pure folders', () => {
  test.each(['kafkajs', 'ioredis', 'fastify', 'node:fs'])('use no %s', (name) => {
    expect(breaches('processors/a.ts', `import x from '${name}'`)).toHaveLength(1)
  })

  test.each(['Date.now()', 'new Date()', 'process.env', 'Math.random()', 'performance.now()'])('read no %s', (code) => {
    expect(breaches('processors/a.ts', `const x = 1\nconst y = ${code}\n`)).toEqual([
      expect.stringMatching(/^processors\/a\.ts:2: uses /),
    ])
    expect(breaches('runtime/a.ts', `const y = ${code}`)).toEqual([])
  })

  test('may speak of the clock, and build a date of a given time', () => {
    const text = "// not Date.now()\nconst doc = 'https://x // Date.now()'\nconst d = new Date(ms)\n"
    expect(breaches('models/a.ts', text)).toEqual([])
  })
})
