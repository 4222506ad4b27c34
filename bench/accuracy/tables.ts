import { fileURLToPath } from 'node:url'
import type { TrainingExample } from '../../training/example.ts'
import { examplesOf, readTable } from './read-table.ts'

/** Columns that sales people fill in after they have talked to a lead: they know the outcome. */
export const LEAD_LEAKS: readonly string[] = [
  'Tags',
  'Lead Quality',
  'Lead Profile',
  'Asymmetrique Activity Index',
  'Asymmetrique Profile Index',
  'Asymmetrique Activity Score',
  'Asymmetrique Profile Score',
  'Last Notable Activity',
]

/** The Telco file that ships with the tests (test/data/README.md). */
export const TELCO_FILE = fileURLToPath(new URL('../../test/data/telco_churn.csv.gz', import.meta.url))

/** The X Education leads; label Converted. @param without columns to leave out beside ids and label */
export async function readLeads(path: string, without: readonly string[] = LEAD_LEAKS): Promise<TrainingExample[]> {
  return examplesOf(await readTable(path), {
    id: 'Prospect ID',
    label: (row) => row['Converted'] === '1',
    without: ['Lead Number', 'Converted', ...without],
  })
}

/** The Telco customers; label Churn. */
export async function readTelco(path: string): Promise<TrainingExample[]> {
  return examplesOf(await readTable(path), {
    id: 'customerID',
    label: (row) => row['Churn'] === 'Yes',
    without: ['Churn'],
  })
}
