import { describeLookup } from './lookup-conformance.ts'
import { createMemoryView } from './memory-view.ts'

describeLookup('in memory', async () => createMemoryView())
