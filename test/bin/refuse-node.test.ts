import { expect, test } from 'vitest'
import { refuseNode } from '../../bin/refuse-node.ts'
import packageJson from '../../package.json' with { type: 'json' }

test.each(['20.19.4', '22.17.1', '8.0.0'])('refuses Node.js %s, and says what it needs', (version) => {
  expect(refuseNode(version)).toBe(`everscore needs Node.js 22.18 or later; this is ${version}`)
})

test.each(['22.18.0', '22.20.1', '24.0.0', '23.1.0'])('takes Node.js %s', (version) => {
  expect(refuseNode(version)).toBeNull()
})

test('the least version is that of package.json', () => {
  expect(refuseNode('0.0.0')).toContain(`Node.js ${packageJson.engines.node.replace('>=', '')} or later`)
})
