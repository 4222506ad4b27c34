import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts CPU in ticks of 10 ms. */
const TICK_SECONDS = 0.01

function statOf(pid: number): string[] | null {
  try {
    // The name in parentheses may hold blanks: fields are counted from behind it.
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop()!.split(' ')
  } catch {
    return null
  }
}

/** A process and its descendants. */
function tree(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    const parent = Number(/^\d+$/.test(name) ? statOf(Number(name))?.[1] : Number.NaN)
    if (Number.isNaN(parent)) continue
    children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  const found: number[] = []
  const open = [root]
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    found.push(pid)
    open.push(...(children.get(pid) ?? []))
  }
  return found
}

/** CPU seconds, user and system, of a process tree since it started; 0 where there is no /proc. */
export function cpuSeconds(pid: number): number {
  return tree(pid).reduce((sum, each) => {
    const fields = statOf(each)
    return fields
      ? sum + (Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14])) * TICK_SECONDS
      : sum
  }, 0)
}

/** Resident memory of a process tree now, MiB. */
export function residentMib(pid: number): number {
  return tree(pid).reduce((sum, each) => {
    try {
      const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${each}/status`, 'utf8'))?.[1] ?? 0
      return sum + Number(kib) / 1024
    } catch {
      return sum
    }
  }, 0)
}

/** CPU seconds that the whole machine was busy since it started. */
export function machineBusySeconds(): number {
  try {
    const [, ...fields] = readFileSync('/proc/stat', 'utf8').split('\n')[0]!.split(/\s+/).map(Number)
    return fields.reduce((sum, ticks, i) => (i === 3 || i === 4 ? sum : sum + ticks), 0) * TICK_SECONDS
  } catch {
    return 0
  }
}
