import { describe, expect, it } from 'vitest'
import { FEATURES } from '../../models/features.ts'
import { LANGUAGES, reasonText } from '../../models/reason-text.ts'
import { ENGLISH } from '../../models/words/english.ts'
import { PORTUGUESE } from '../../models/words/portuguese.ts'
import { SPANISH } from '../../models/words/spanish.ts'

const names = FEATURES.map(({ name }) => name).sort()

describe('the catalogue', () => {
  it.each([ENGLISH, SPANISH, PORTUGUESE])(
    '$locale has words of its own for every built-in feature, and for no other',
    (words) => {
      expect(Object.keys(words.features).sort()).toEqual(names)
      expect(new Set(Object.values(words.features)).size).toBe(names.length)
    },
  )
})

describe('reasonText', () => {
  it.each([
    ['demo_requests', Math.log(3), 1, 'en', 'recent demo requests: 2, raises the score'],
    ['demo_requests', 0, -1, 'es', 'solicitudes de demostración recientes: 0, baja la puntuación'],
    ['days_inactive', Math.log(13), -1, 'pt', 'tempo sem atividade: 12 dias, reduz a pontuação'],
    [
      'engagement_7d',
      Math.log(41),
      1,
      'es',
      'interacción de la última semana: equivale a 40 páginas vistas, sube la puntuación',
    ],
    ['spend', Math.log(12_346), 1, 'en', 'money spent: 12,345, raises the score'],
    ['spend', Math.log(12_346), 1, 'pt', 'dinheiro gasto: 12.345, aumenta a pontuação'],
    ['purchase_overdue', 1, -1, 'en', 'wait for the next purchase: 2 times the usual gap, lowers the score'],
    [
      'purchase_overdue',
      1.3,
      -1,
      'es',
      'espera hasta la próxima compra: 2,5 veces el intervalo habitual, baja la puntuación',
    ],
    ['refund_ratio', 0.25, -1, 'en', 'share refunded: 25 %, lowers the score'],
    ['nps', 1, 1, 'en', 'likelihood to recommend (0 to 10): 10, raises the score'],
    ['csat', -1, -1, 'pt', 'satisfação (1 a 5): 1, reduz a pontuação'],
    ['unsubscribed', 1, -1, 'es', 'baja de los correos: sí, baja la puntuación'],
    ['traits.seats', 12.5, 1, 'en', 'seats: 12.5, raises the score'],
    ['traits.plan=pro', 1, 1, 'pt', 'plan: pro, aumenta a pontuação'],
    ['traits.plan=(missing)', 1, -1, 'en', 'plan: unknown, lowers the score'],
    ['traits.plan=(other)', 1, -1, 'es', 'plan: otro valor, baja la puntuación'],
    ['traits.vip=true', 1, 1, 'pt', 'vip: sim, aumenta a pontuação'],
  ] as const)('says %s of %d', (feature, value, contribution, language, text) => {
    expect(reasonText({ feature, value, contribution }, 'lead', language)).toBe(text)
  })

  it('speaks of risk where churn is meant', () => {
    const reason = { feature: 'sessions', value: Math.log(5), contribution: -0.2 }
    expect(LANGUAGES.map((language) => reasonText(reason, 'churn', language))).toEqual([
      'sessions so far: 4, lowers the risk',
      'sesiones hasta ahora: 4, baja el riesgo',
      'sessões até agora: 4, reduz o risco',
    ])
  })
})
