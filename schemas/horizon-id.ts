const PREFIX = 'horizon:'

/** The eventId of an example that a horizon labelled. @param key of the customer @param end of the horizon, epoch ms */
export const horizonId = (key: string, end: number): string => `${PREFIX}${key}:${end}`

export const isHorizonId = (eventId: string): boolean => eventId.startsWith(PREFIX)
