export interface FolderRule {
  /** Folders it may import from besides itself; `*` means every production folder. */
  readonly imports: readonly string[] | '*'
  /** Packages it may import; `*` means any. */
  readonly packages: readonly string[] | '*'
  /** Its code may not look at the clock, the environment or chance. */
  readonly pure?: true
}

/** Who may import whom. The longest folder name that fits a file decides; what isn't in the table is refused. */
export const IMPORT_RULES: Readonly<Record<string, FolderRule>> = {
  schemas: { imports: [], packages: '*' },
  // Data: JSON files that describe how other people's files become events.
  mappings: { imports: [], packages: [] },
  models: { imports: ['schemas'], packages: ['simple-statistics'], pure: true },
  processors: { imports: ['schemas', 'models'], packages: [], pure: true },
  aggregates: { imports: ['schemas', 'models'], packages: [], pure: true },
  training: { imports: ['schemas', 'models'], packages: ['ml-logistic-regression', 'ml-matrix'], pure: true },
  topology: { imports: ['schemas', 'models', 'processors'], packages: [], pure: true },
  state: { imports: ['schemas', 'models'], packages: '*' },
  'connectors/kafka': { imports: ['schemas'], packages: '*' },
  'connectors/registry': { imports: ['schemas'], packages: '*' },
  'connectors/stack': { imports: ['schemas'], packages: '*' },
  'connectors/file-replay': {
    imports: ['schemas', 'mappings', 'connectors/kafka', 'connectors/registry'],
    packages: '*',
  },
  'connectors/http-collector': { imports: ['schemas', 'connectors/kafka', 'connectors/registry'], packages: '*' },
  'connectors/dead-letters': { imports: ['schemas', 'connectors/kafka'], packages: '*' },
  sinks: { imports: ['schemas', 'models'], packages: '*' },
  api: { imports: ['schemas', 'models'], packages: '*' },
  trainer: { imports: ['schemas', 'models', 'training'], packages: '*' },
  runtime: {
    imports: ['schemas', 'models', 'aggregates', 'processors', 'topology', 'state', 'connectors'],
    packages: '*',
  },
  demo: { imports: ['schemas', 'connectors'], packages: '*' },
  bin: { imports: '*', packages: '*' },
  test: { imports: '*', packages: '*' },
  bench: { imports: '*', packages: '*' },
  scripts: { imports: '*', packages: '*' },
}

/** Nothing in production imports these; tests may. */
export const TOOL_FOLDERS: readonly string[] = ['test', 'bench', 'scripts']
