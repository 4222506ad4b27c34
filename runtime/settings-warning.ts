import { isDeepStrictEqual } from 'node:util'
import type { TenantSettings } from '../schemas/settings.ts'

/** Results name the version of the settings they were made by: what makes that ambiguous. Null: nothing does. */
export function settingsWarning(stored: TenantSettings | undefined, loaded: TenantSettings): string | null {
  if (stored === undefined || stored.version < loaded.version || isDeepStrictEqual(stored, loaded)) return null
  return stored.version === loaded.version
    ? `other settings had version ${stored.version} before: give changed settings a higher version`
    : `version ${stored.version} was loaded before: give newer settings a higher version`
}
