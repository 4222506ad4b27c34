import { runStackCommand } from '../../connectors/stack/command.ts'

// A process of its own that runs `everscore stack`, for tests that end it in every way a process can end.
process.exitCode = await runStackCommand(process.argv.slice(2), process.env)
