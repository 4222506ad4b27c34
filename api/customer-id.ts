import { AppError } from '../schemas/errors.ts'
import { MAX_CUSTOMER_ID_BYTES } from '../schemas/partition.ts'

/** An id of a request, as it may stand in an event. @throws AppError INPUT_INVALID naming the parameter */
export function checkedCustomerId(id: string, field: 'id' | 'ids'): string {
  const bytes = Buffer.byteLength(id)
  if (bytes >= 1 && bytes <= MAX_CUSTOMER_ID_BYTES) return id
  throw new AppError(
    'INPUT_INVALID',
    `${field} has an id of ${bytes} bytes; 1 to ${MAX_CUSTOMER_ID_BYTES} are allowed`,
    {
      details: { field, in: field === 'id' ? 'path' : 'query' },
    },
  )
}
