import Type, { type Static } from 'typebox'
import { INPUT_TOPICS } from '../../schemas/topics.ts'
import { TIMESTAMP_FORMATS } from './timestamp.ts'

const closed = { additionalProperties: false }
const text = (description: string) => Type.String({ description })
const template = text('Text in which {column} stands for the column, {$line} for the physical line number.')

/**
 * All `patterns` of a table or condition: the exact text, a beginning (`C*`), or `*` for anything. The exact text goes
 * before the beginnings, a longer beginning before a shorter one.
 */
const conditionSchema = Type.Object(
  {
    value: template,
    matches: Type.Array(Type.String(), { minItems: 1, description: 'Patterns: exact text, `C*`, `*`; "" is empty.' }),
    not: Type.Optional(Type.Boolean({ description: 'True: none of the patterns may match.' })),
  },
  closed,
)

const valueSchema = Type.Object(
  {
    value: Type.Optional(template),
    as: Type.Optional(
      Type.Enum(['text', 'integer', 'number', 'boolean', 'money', 'timestamp', 'line-time'], {
        description: 'What the text is read as; text when left out.',
      }),
    ),
    case: Type.Optional(Type.Enum(['lower', 'upper'])),
    lookup: Type.Optional(
      Type.Record(Type.String(), Type.Union([Type.String(), Type.Null()]), {
        description: 'Pattern to text; null is empty. A text that no pattern matches is rejected.',
      }),
    ),
    currency: Type.Optional(
      Type.String({ pattern: '^[A-Z]{3}$', description: "money: ISO 4217; gives the minor unit's decimals." }),
    ),
    times: Type.Optional(text('money: template of a number to multiply with, exactly.')),
    sum: Type.Optional(Type.Boolean({ description: 'integer, money: added up over the rows of the group.' })),
    negate: Type.Optional(Type.Boolean({ description: 'integer, number, money: the sign is turned round.' })),
    format: Type.Optional(Type.Enum([...TIMESTAMP_FORMATS], { description: 'timestamp: iso when left out.' })),
    start: Type.Optional(text('line-time: ISO time of physical line 0.')),
    stepMs: Type.Optional(Type.Integer({ minimum: 0, description: 'line-time: milliseconds a line.' })),
  },
  closed,
)

const scalarSchema = Type.Union([Type.String(), Type.Null(), valueSchema], {
  description: 'A template, null, or a template with what to make of it.',
})

const fieldsSchema = Type.Record(
  Type.String(),
  Type.Union([
    Type.String(),
    Type.Null(),
    valueSchema,
    Type.Object(
      { map: Type.Record(Type.String(), scalarSchema, { description: 'Entries of a map; empty ones are left out.' }) },
      closed,
    ),
    Type.Object(
      { each: Type.Record(Type.String(), scalarSchema, { description: 'One array entry for each row of the group.' }) },
      closed,
    ),
  ]),
)

/**
 * A mapping file: how the lines of a CSV or NDJSON file become events.
 *
 *     {
 *       "name": "web-shop",
 *       "format": "csv", "delimiter": ";",
 *       "skip": [{ "reason": "guest", "when": [{ "value": "{customer}", "matches": [""] }] }],
 *       "fields": { "eventId": "shop-{id}", "tenantId": "acme", "customerId": "{customer}",
 *                   "occurredAt": { "value": "{at}", "as": "timestamp" } },
 *       "rules": [{
 *         "when": [{ "value": "{kind}", "matches": ["sale"] }],
 *         "topic": "transactions",
 *         "fields": { "type": "PURCHASE", "currency": "GBP",
 *                     "amountMinor": { "value": "{total}", "as": "money", "currency": "GBP" } }
 *       }]
 *     }
 *
 * A row first meets `skip` (the first whose conditions all hold; counted by its reason, apart from rejected lines), then
 * the first of `rules` whose conditions all hold gives the topic; its `fields` are laid over the common ones. Fields that
 * are left out have the schema's default. With `group`, rows that have the same `by` columns make one event: plain
 * values come from the group's first row, `each` makes an entry of every row, `sum` adds over all of them; one row that
 * is rejected rejects the group, because its sums would be wrong.
 */
export const mappingSchema = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    doc: Type.Optional(text('What the file is; for people.')),
    format: Type.Enum(['csv', 'ndjson']),
    delimiter: Type.Optional(Type.String({ minLength: 1, maxLength: 1, description: 'csv: a comma when left out.' })),
    columns: Type.Optional(
      Type.Array(Type.String(), { minItems: 1, description: "csv: the columns' names of a file without header." }),
    ),
    group: Type.Optional(
      Type.Object(
        {
          by: Type.Array(Type.String(), { minItems: 1, description: 'Columns that make rows one event.' }),
          same: Type.Optional(
            Type.Array(Type.String(), { description: 'Columns in which all rows of a group must agree.' }),
          ),
          maxLines: Type.Optional(
            Type.Integer({ minimum: 1, maximum: 100_000, description: 'More are rejected; 1000 when left out.' }),
          ),
          maxGap: Type.Optional(
            Type.Integer({
              minimum: 0,
              maximum: 1000,
              description: 'So many lines of other groups may lie between two of a group; 0 when left out.',
            }),
          ),
        },
        closed,
      ),
    ),
    skip: Type.Optional(
      Type.Array(Type.Object({ reason: Type.String({ minLength: 1 }), when: Type.Array(conditionSchema) }, closed)),
    ),
    fields: Type.Optional(fieldsSchema),
    rules: Type.Array(
      Type.Object(
        {
          when: Type.Optional(Type.Array(conditionSchema)),
          topic: Type.Enum([...INPUT_TOPICS]),
          fields: Type.Optional(fieldsSchema),
        },
        closed,
      ),
      { minItems: 1 },
    ),
  },
  closed,
)

export type Mapping = Static<typeof mappingSchema>
export type MappingRule = Mapping['rules'][number]
export type Condition = Static<typeof conditionSchema>
export type ValueSpec = Static<typeof valueSchema>
export type ScalarSpec = string | null | ValueSpec
export type FieldSpec = Static<typeof fieldsSchema>[string]
